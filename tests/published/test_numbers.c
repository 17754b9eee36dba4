/* SPDX-License-Identifier: MIT */
/* What publications say of their chips beside what the library computes for their presets, row by row of
 * published.csv, through the public interface. Each ratio stays within the row's tolerance, and doc/published.md has
 * the table; RRAMNAS_UPDATE_GOLDEN=1 rewrites it.
 *
 * A row's network is one layer, "INxOUT on N": IN inputs, OUT outputs, one position, N crossbars, which it fills. Its
 * `ours` is SCOPE.QUANTITY, with "@T" for energies and rates at a time of T ns instead of the timing model's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "page.h"
#include "rramnas/rramnas.h"

#define N(array) (sizeof(array) / sizeof((array)[0]))

enum column { CHIP, SOURCE, WHERE, READ, QUANTITY, UNIT, PUBLISHED, CONDITION, PRESET, NETWORK, OURS, KIND, TOLERANCE,
              WHY, N_COLUMNS };

/* What one row's layer costs, of some components. */
typedef struct numbers {
  double ns, ops, energy_pj, area_um2, crossbars;
} numbers;

/* The next field of a CSV line, unquoted in place; *at is then behind it. */
static char *
cut_field(char **at)
{
  char *in = *at, *out = *at, *begin = *at;
  const int quoted = *in == '"';

  in += quoted;
  while (*in && (quoted ? *in != '"' : *in != ',' && *in != '\n'))
    *out++ = *in++;
  in += quoted;
  *at = *in ? in + 1 : in;
  *out = '\0';
  return begin;
}

static int
next_row(char **at, char *ret_fields[N_COLUMNS])
{
  size_t i;

  if (!**at)
    return 0;
  for (i = 0; i < N_COLUMNS; i++)
    ret_fields[i] = cut_field(at);
  return 1;
}

static rramnas_net *
one_layer(int64_t in, int64_t out)
{
  const int64_t shape[] = { 1, in };
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_node node = RRAMNAS_NODE_INIT;
  rramnas_net *net = NULL;
  int32_t x, y;

  node.op = RRAMNAS_OP_GEMM;
  node.inputs = &x;
  node.n_inputs = 1;
  node.out_channels = out;
  node.no_bias = 1;
  if (rramnas_net_create("layer", NULL, &net, &err) < 0 || rramnas_net_add_input(net, "x", shape, 2, &x, &err) < 0 ||
      rramnas_net_add_node(net, &node, &y, &err) < 0 || rramnas_net_finish(net, &err) < 0)
    fail_msg("%s", err.message);
  return net;
}

static rramnas_mapping *
full_chip(const char *preset, const char *network)
{
  rramnas_compile_options o = RRAMNAS_COMPILE_OPTIONS_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_mapping *map = NULL;
  rramnas_hw *hw = NULL;
  rramnas_net *net;
  int in, out, crossbars;

  if (sscanf(network, "%dx%d on %d", &in, &out, &crossbars) != 3)
    fail_msg("network \"%s\" is not INxOUT on N", network);
  net = one_layer(in, out);
  o.policy = RRAMNAS_POLICY_RNC;
  o.no_duplication = 1;
  o.crossbars = crossbars;
  if (rramnas_hw_create_preset(preset, NULL, &hw, &err) < 0 || rramnas_compile(hw, net, &o, NULL, &map, &err) < 0)
    fail_msg("%s: %s", preset, err.message);
  rramnas_hw_unref(hw);
  rramnas_net_unref(net);
  return map;
}

/* Components of a scope: the macro is the arrays with what converts and adds; its buffers, links, functions are not. */
static int
in_scope(const char *scope, int component)
{
  if (strncmp(scope, "chip.", 5) == 0)
    return 1;
  if (strncmp(scope, "macro.", 6) == 0)
    return component <= RRAMNAS_COMPONENT_REGISTER;
  return strncmp(scope, rramnas_cost_component_name(component), strcspn(scope, ".")) == 0;
}

static numbers
numbers_of(const rramnas_mapping *map, const char *ours)
{
  double rows[2][RRAMNAS_COST_COMPONENTS][3];
  rramnas_cost_options how = RRAMNAS_COST_OPTIONS_INIT;
  rramnas_cost c = RRAMNAS_COST_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  const char *time = strchr(ours, '@');
  numbers n = { 0 };
  int k, row;

  how.latency_ns = time ? atof(time + 1) : 0;
  if (rramnas_mapping_get_cost(map, &how, &c, &err) < 0 ||
      rramnas_mapping_get_cost_layers(map, &how, &rows[0][0][0], 2, &err) < 0)
    fail_msg("%s: %s", ours, err.message);
  n.ns = c.latency_ns;
  n.ops = 2 * c.macs;
  n.crossbars = (double)c.crossbars;
  for (row = 0; row < 2; row++)
    for (k = 0; k < RRAMNAS_COST_COMPONENTS; k++)
      if (in_scope(ours, k)) {
        n.energy_pj += rows[row][k][0] + rows[row][k][1];
        n.area_um2 += rows[row][k][2];
      }
  return n;
}

static double
quantity_of(const numbers *n, const char *ours)
{
  const double tops = n->ops / n->ns / 1e3, power_mw = n->energy_pj / n->ns, area_mm2 = n->area_um2 / 1e6;
  const struct { const char *name; double value; } quantities[] = {
    { "area_mm2", area_mm2 }, { "power_mw", power_mw }, { "power_w", power_mw / 1e3 }, { "latency_ns", n->ns },
    { "energy_nj", n->energy_pj / n->crossbars / 1e3 }, { "tops", tops }, { "tops_per_w", tops / power_mw * 1e3 },
    { "gops_per_w", tops / power_mw * 1e6 }, { "tops_per_mm2", tops / area_mm2 },
    { "gops_per_mm2", tops / area_mm2 * 1e3 },
  };
  const char *name = strchr(ours, '.');
  size_t i;

  for (i = 0; name && i < N(quantities); i++)
    if (strncmp(name + 1, quantities[i].name, strcspn(name + 1, "@")) == 0 &&
        strlen(quantities[i].name) == strcspn(name + 1, "@"))
      return quantities[i].value;
  fail_msg("no quantity \"%s\"", ours);
  return 0;
}

static double
computed(char *const f[N_COLUMNS])
{
  rramnas_mapping *map = full_chip(f[PRESET], f[NETWORK]);
  const numbers n = numbers_of(map, f[OURS]);

  rramnas_mapping_unref(map);
  return quantity_of(&n, f[OURS]);
}

/* The tolerance bounds the ratio from both sides; the table pins it to three digits. */
static void
check_row(char *const f[N_COLUMNS], double ours)
{
  const double ratio = ours / atof(f[PUBLISHED]), factor = ratio < 1 ? 1 / ratio : ratio;

  if (!getenv("RRAMNAS_UPDATE_GOLDEN") && !(factor <= 1 + atof(f[TOLERANCE])))
    fail_msg("%s, %s: %g, published %s %s, %g times; tolerance %s", f[CHIP], f[QUANTITY], ours, f[PUBLISHED], f[UNIT],
             ratio, f[TOLERANCE]);
}

static void
compared(void **state)
{
  char path[1024], *text, *at, *f[N_COLUMNS];
  capture table = { 0 }, open = { 0 };
  size_t n = 0;

  (void)state;
  snprintf(path, sizeof(path), "%s/../published/published.csv", getenv("RRAMNAS_TEST_DATA"));
  at = text = golden_read(path);
  next_row(&at, f);
  page_add(&table, "| Chip | Quantity | Unit | Published | Ours | Ours / published | Kind | Computed as | Why |\n"
                   "|---|---|---|---|---|---|---|---|---|\n");
  page_add(&open, "| Chip | Quantity | Unit | Published | Why not compared |\n|---|---|---|---|---|\n");
  while (next_row(&at, f)) {
    double ours;

    if (!*f[OURS]) {
      page_add(&open, "| %s | %s | %s | %s | %s |\n", f[CHIP], f[QUANTITY], f[UNIT], f[PUBLISHED], f[WHY]);
      continue;
    }
    ours = computed(f);
    check_row(f, ours);
    page_add(&table, "| %s | %s | %s | %s | %.4g | %.3g | %s | `%s`, %s | %s |\n", f[CHIP], f[QUANTITY], f[UNIT],
             f[PUBLISHED], ours, ours / atof(f[PUBLISHED]), f[KIND], f[OURS], f[NETWORK], f[WHY]);
    n++;
  }
  assert_true(n >= 25);
  page_check("published.md", "published", &table);
  page_check("published.md", "open", &open);
  free(text);
}

int
main(void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test(compared) };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
