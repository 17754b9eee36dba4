/* SPDX-License-Identifier: MIT */
/* The driver: network + chip + options -> mapping, by the policy that the options name. Policies run the passes;
 * a new policy is a file of its own and a line in the table below. */
#include <string.h>

#include "compile/passes.h"

static const rrn_policy policies[] = {
  { RRAMNAS_POLICY_ISAAC, "isaac", rrn_policy_isaac },
  { RRAMNAS_POLICY_RNC, "rnc", rrn_policy_rnc },
  { RRAMNAS_POLICY_RNC_PUBLISHED, "rnc-published", rrn_policy_rnc_published },
  { RRAMNAS_POLICY_BEST, "best", rrn_policy_best },
};
enum { N_POLICIES = sizeof(policies) / sizeof(policies[0]) };

const rrn_policy *
rrn_policy_find(int32_t number)
{
  size_t i;

  for (i = 0; i < N_POLICIES; i++)
    if (policies[i].number == number)
      return &policies[i];
  return NULL;
}

const rrn_policy *
rrn_policy_named(const char *name)
{
  size_t i;

  for (i = 0; i < N_POLICIES; i++)
    if (strcmp(policies[i].name, name) == 0)
      return &policies[i];
  return NULL;
}

static int32_t
check_margins(const rramnas_compile_options *o, rramnas_error *err)
{
  size_t i;

  RRN_FAIL_IF((o->n_margins != 0 && !o->margins) || (o->n_copies != 0 && !o->copies), err, RRAMNAS_ERR_ARGUMENT,
              "compile options: an array is NULL but its length is not 0");
  for (i = 0; i < o->n_margins; i++)
    RRN_FAIL_IF(!(o->margins[i] > 0 && o->margins[i] <= 1), err, RRAMNAS_ERR_RANGE,
                "compile options: margin %zu is outside of (0, 1]", i);
  return RRAMNAS_OK;
}

/* 0, or 1 up to what the chip is made for. */
static int32_t
check_layer_bits(const int32_t *bits, size_t n, int32_t most, const char *what, rramnas_error *err)
{
  size_t i;

  for (i = 0; bits && i < n; i++)
    RRN_FAIL_IF(bits[i] < 0 || bits[i] > most, err, RRAMNAS_ERR_RANGE,
                "compile options: %s of mapped layer %zu is %d, expected 1..%d, the chip's, or 0", what, i, (int)bits[i],
                (int)most);
  return RRAMNAS_OK;
}

/* With several groups' rows driven at once, unit columns read the zeros of all of them, and all cells beside the blocks would
 * have to hold them, with their errors. */
static int32_t
resolve_depthwise(rramnas_compile_options *o, const rramnas_hw *hw, rramnas_error *err)
{
  const int has_units = hw->v.weight.sign == RRN_SIGNED_UNIT_COLUMN;

  o->depthwise = o->depthwise ? o->depthwise : RRAMNAS_DEPTHWISE_AUTO;
  RRN_FAIL_IF(o->depthwise < RRAMNAS_DEPTHWISE_AUTO || o->depthwise > RRAMNAS_DEPTHWISE_BLOCK_DIAGONAL, err,
              RRAMNAS_ERR_ARGUMENT, "compile options: there is no way %d to lay out depthwise layers", (int)o->depthwise);
  RRN_FAIL_IF(has_units && o->depthwise == RRAMNAS_DEPTHWISE_BLOCK_DIAGONAL, err, RRAMNAS_ERR_UNSUPPORTED,
              "compile options: groups on the diagonal of a crossbar need cells beside them that are off, "
              "weight.sign is unit_column, expected differential or offset");
  if (has_units)
    o->depthwise = RRAMNAS_DEPTHWISE_RNC;
  return RRAMNAS_OK;
}

/* The fields of policy best. */
static int32_t
resolve_best(rramnas_compile_options *o, const rramnas_hw *hw, rramnas_error *err)
{
  o->effort = o->effort ? o->effort : RRAMNAS_EFFORT_BALANCED;
  o->objective = o->objective ? o->objective : RRAMNAS_OBJECTIVE_COMPLETION;
  o->samples = o->samples ? o->samples : 8;
  RRN_TRY(resolve_depthwise(o, hw, err));
  RRN_FAIL_IF(o->effort < RRAMNAS_EFFORT_FAST || o->effort > RRAMNAS_EFFORT_THOROUGH, err, RRAMNAS_ERR_ARGUMENT,
              "compile options: there is no effort %d", (int)o->effort);
  RRN_FAIL_IF(o->objective < RRAMNAS_OBJECTIVE_COMPLETION || o->objective > RRAMNAS_OBJECTIVE_PERIOD, err,
              RRAMNAS_ERR_ARGUMENT, "compile options: there is no objective %d", (int)o->objective);
  RRN_FAIL_IF(o->samples < 1 || o->samples > 65536, err, RRAMNAS_ERR_RANGE,
              "compile options: samples is %d, expected 1..65536", (int)o->samples);
  o->samples = o->objective == RRAMNAS_OBJECTIVE_LATENCY  ? 1
             : o->objective == RRAMNAS_OBJECTIVE_PERIOD   ? 64
                                                          : o->samples;
  return RRAMNAS_OK;
}

int32_t
rrn_compile_resolve(const rramnas_compile_options *given, const rramnas_hw *hw, rramnas_compile_options *ret,
                    rramnas_error *err)
{
  rramnas_compile_options o = *given;

  o.policy = o.policy ? o.policy : RRAMNAS_POLICY_BEST;
  o.crossbars = o.crossbars ? o.crossbars : hw->v.chip.crossbars ? hw->v.chip.crossbars : RRAMNAS_CROSSBARS_AUTO;
  o.depth_split = o.depth_split ? o.depth_split : 1;
  RRN_FAIL_IF(!rrn_policy_find(o.policy), err, RRAMNAS_ERR_ARGUMENT, "compile options: there is no policy %d", (int)o.policy);
  RRN_FAIL_IF(o.crossbars < RRAMNAS_CROSSBARS_AUTO || o.crossbars > RRN_MAX_BOXES, err, RRAMNAS_ERR_RANGE,
              "compile options: crossbars is %d, expected 1..%d or auto", (int)o.crossbars, RRN_MAX_BOXES);
  RRN_FAIL_IF(o.depth_split < 1, err, RRAMNAS_ERR_RANGE, "compile options: depth_split is %d, expected 1 or more",
              (int)o.depth_split);
  RRN_FAIL_IF(o.layer_threshold < RRAMNAS_UNLIMITED, err, RRAMNAS_ERR_RANGE,
              "compile options: layer_threshold is %d, expected 1 or more, same layer or unlimited", (int)o.layer_threshold);
  RRN_FAIL_IF(o.max_load < 0 && o.max_load != RRAMNAS_UNLIMITED, err, RRAMNAS_ERR_RANGE,
              "compile options: max_load is %d, expected 1 or more or unlimited", (int)o.max_load);
  RRN_FAIL_IF(o.seed_mode != RRAMNAS_SEED_PER_TRY && o.seed_mode != RRAMNAS_SEED_CONTINUE, err, RRAMNAS_ERR_ARGUMENT,
              "compile options: there is no seed mode %d", (int)o.seed_mode);
  RRN_FAIL_IF(o.split_to_fit && o.policy != RRAMNAS_POLICY_RNC && o.policy != RRAMNAS_POLICY_BEST, err,
              RRAMNAS_ERR_ARGUMENT, "compile options: split_to_fit is for policies rnc and best, not for %s",
              rrn_policy_find(o.policy)->name);
  RRN_TRY(check_margins(&o, err));
  RRN_TRY(check_layer_bits(o.weight_bits, o.n_bits, hw->v.weight.bits, "weight_bits", err));
  RRN_TRY(check_layer_bits(o.input_bits, o.n_bits, hw->v.input.bits, "input_bits", err));
  RRN_TRY(resolve_best(&o, hw, err));
  o.layer_threshold = o.layer_threshold == 0                            ? 1
                    : o.layer_threshold == RRAMNAS_LAYER_THRESHOLD_SAME ? 0
                    : o.layer_threshold == RRAMNAS_UNLIMITED            ? -1
                                                                        : o.layer_threshold;
  o.max_load = o.max_load == 0 ? 6 : o.max_load == RRAMNAS_UNLIMITED ? INT32_MAX : o.max_load;
  *ret = o;
  return RRAMNAS_OK;
}

/* Keeps a copy; NULL counts as n zeros. */
static const int32_t *
copy_bits(rrn_arena *arena, const int32_t *bits, size_t n)
{
  int32_t *copy = rrn_arena_alloc(arena, n, sizeof(*copy));

  if (copy && bits)
    memcpy(copy, bits, n * sizeof(*copy));
  return copy;
}

static int32_t
keep_bits(rramnas_mapping *m, const rramnas_compile_options *o, rramnas_error *err)
{
  if (o->n_bits == 0 || (!o->weight_bits && !o->input_bits))
    return RRAMNAS_OK;
  m->n_bits = o->n_bits;
  m->weight_bits = copy_bits(&m->arena, o->weight_bits, o->n_bits);
  m->input_bits = copy_bits(&m->arena, o->input_bits, o->n_bits);
  return m->weight_bits && m->input_bits ? RRAMNAS_OK : rrn_fail_memory(err);
}

static int32_t
mapping_new(rramnas_hw *hw, rramnas_net *net, const rramnas_compile_options *o, const rramnas_runtime *runtime,
            rramnas_mapping **ret_mapping, rramnas_error *err)
{
  rramnas_mapping *m;
  rrn_rt rt;

  RRN_TRY(rrn_rt_init(&rt, runtime, err));
  m = rrn_calloc(&rt, 1, sizeof(*m));
  if (!m)
    return rrn_fail_memory(err);
  atomic_init(&m->references, 1);
  m->rt = rt;
  rrn_arena_init(&m->arena, &m->rt);
  m->hw = rramnas_hw_ref(hw);
  m->net = rramnas_net_ref(net);
  m->policy = o->policy;
  m->seed = o->seed;
  m->crossbars_available = o->crossbars == RRAMNAS_CROSSBARS_AUTO ? 1 : o->crossbars;
  *ret_mapping = m;
  return RRAMNAS_OK;
}

/* `run` = NULL: the policy that the options name. */
static int32_t
compile(rramnas_hw *hw, rramnas_net *net, const rramnas_compile_options *options, const rramnas_runtime *runtime,
        rrn_policy_fn run, struct rrn_kept *kept, rramnas_mapping **ret_mapping, rramnas_error *err)
{
  rramnas_compile_options o;
  rramnas_mapping *m = NULL;
  int32_t status;

  RRN_TRY(rrn_compile_resolve(options, hw, &o, err));
  RRN_TRY(mapping_new(hw, net, &o, runtime, &m, err));
  status = keep_bits(m, &o, err);
  m->kept = kept;
  if (status >= 0)
    status = (run ? run : rrn_policy_find(o.policy)->run)(m, &o, err);
  m->kept = NULL;
  if (status < 0) {
    rrn_mapping_unref(m);
    return status;
  }
  *ret_mapping = m;
  return RRAMNAS_OK;
}

int32_t
rrn_compile(rramnas_hw *hw, rramnas_net *net, const rramnas_compile_options *options, const rramnas_runtime *runtime,
            rramnas_mapping **ret_mapping, rramnas_error *err)
{
  return compile(hw, net, options, runtime, NULL, NULL, ret_mapping, err);
}

int32_t
rrn_compile_kept(rramnas_hw *hw, rramnas_net *net, const rramnas_compile_options *options,
                 const rramnas_runtime *runtime, struct rrn_kept *kept, rramnas_mapping **ret_mapping,
                 rramnas_error *err)
{
  return compile(hw, net, options, runtime, NULL, kept, ret_mapping, err);
}

int32_t
rrn_compile_by(rrn_policy_fn run, rramnas_hw *hw, rramnas_net *net, const rramnas_compile_options *options,
               const rramnas_runtime *runtime, rramnas_mapping **ret_mapping, rramnas_error *err)
{
  return compile(hw, net, options, runtime, run, NULL, ret_mapping, err);
}
