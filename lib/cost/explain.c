/* SPDX-License-Identifier: MIT */
/* stub */
#include "cost/explain.h"

#include "cost/model.h"

int32_t
rrn_explain_hw(const rramnas_hw *hw, rramnas_derived_fn derived, void *user, rramnas_error *err)
{
  rramnas_derived d = { sizeof(d), "array.wire_delay_ns", "ns", "", "", "Elmore", rrn_hw_wire_delay_ns(hw) };

  return derived(user, &d) ? rrn_fail(err, RRAMNAS_ERR_CALLBACK, "stopped") : RRAMNAS_OK;
}

int32_t
rrn_explain_mapping(const rramnas_mapping *m, const rramnas_cost_options *options, rramnas_derived_fn derived, void *user,
                    rramnas_error *err)
{
  (void)options;
  return rrn_explain_hw(m->hw, derived, user, err);
}
