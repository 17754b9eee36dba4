/* SPDX-License-Identifier: MIT */
/* Genome files -> networks.
 *
 * In: JSON or YAML with `ks`, `e` (16 or 20 entries: once-for-all lists five stages, of which the small space has
 * four) and `d` (4 entries, or 5 of the large space), at the top level or under `genome`. Out: the network of that
 * genome, for the image, classes and widths under `parameters`, by default those of the family. Entries that no block
 * uses may hold anything, because searches leave there what they like. */
#include <string.h>

#include "net/parameters.h"
#include "util/yaml.h"

static int32_t
fail_gene(const rrn_yaml *node, const char *what, int32_t i, const int32_t allowed[3], rramnas_error *err)
{
  return rrn_fail_at(err, RRAMNAS_ERR_RANGE, node->where, "%s[%d] is %s%.60s%s, expected %d, %d or %d", what, (int)i,
                     node->text ? "\"" : "", node->text ? node->text : rrn_yaml_kind_name(node), node->text ? "\"" : "",
                     (int)allowed[0], (int)allowed[1], (int)allowed[2]);
}

static int32_t
read_gene(const rrn_yaml *node, const char *what, int32_t i, const int32_t allowed[3], int32_t *ret_gene,
          rramnas_error *err)
{
  int64_t value;

  if (node->kind != RRN_YAML_SCALAR || rrn_yaml_int(node, what, allowed[0], allowed[2], &value, NULL) < 0 ||
      (value != allowed[0] && value != allowed[1] && value != allowed[2]))
    return fail_gene(node, what, i, allowed, err);
  *ret_gene = (int32_t)value;
  return RRAMNAS_OK;
}

static int32_t
get_list(const rrn_yaml *genome, const char *key, size_t length, size_t other_length, const rrn_yaml **ret_list,
         rramnas_error *err)
{
  const rrn_yaml *list = rrn_yaml_get(genome, key);

  if (!list)
    return rrn_fail_at(err, RRAMNAS_ERR_PARSE, genome->where, "the genome has no \"%s\"", key);
  if (list->kind != RRN_YAML_SEQUENCE)
    return rrn_fail_at(err, RRAMNAS_ERR_PARSE, list->where, "%s is %s, expected a sequence", key,
                       rrn_yaml_kind_name(list));
  if (list->n_children != length && list->n_children != other_length)
    return rrn_fail_at(err, RRAMNAS_ERR_RANGE, list->where,
                       length == other_length ? "%s has %zu entries, expected %zu"
                                              : "%s has %zu entries, expected %zu or %zu",
                       key, list->n_children, length, other_length);
  *ret_list = list;
  return RRAMNAS_OK;
}

/* Entries of blocks within the depth. */
static int32_t
read_blocks(const rrn_yaml *genome, const char *key, const int32_t allowed[3], int32_t stages, const int32_t *depths,
            int32_t ret_genes[RRN_OFA_MOST_BLOCKS], rramnas_error *err)
{
  const rrn_yaml *list = NULL, *entry;
  const int32_t blocks = 4 * stages;
  int32_t i;

  RRN_TRY(get_list(genome, key, (size_t)blocks, RRN_OFA_MOST_BLOCKS, &list, err));
  for (entry = list->child, i = 0; i < blocks; entry = entry->next, i++)
    if (i % 4 < depths[i / 4])
      RRN_TRY(read_gene(entry, key, i, allowed, &ret_genes[i], err));
  return RRAMNAS_OK;
}

static int32_t
check_keys(const rrn_yaml *genome, rramnas_error *err)
{
  static const char *const known[] = { "ks", "e", "d", "name", "schema", "parameters" };
  const rrn_yaml *child;
  size_t i;

  for (child = genome->child; child; child = child->next) {
    for (i = 0; i < sizeof(known) / sizeof(known[0]) && strcmp(known[i], child->key) != 0; i++)
      ;
    if (i == sizeof(known) / sizeof(known[0]))
      return rrn_fail_at(err, RRAMNAS_ERR_PARSE, child->key_where, "unknown key \"%.60s\" in a genome, expected ks, e, d",
                         child->key);
  }
  return RRAMNAS_OK;
}

static int32_t
read_genome(const rrn_yaml *root, rrn_ofa_genome *ret_genome, rrn_ofa_family *ret_family, rramnas_error *err)
{
  const rrn_yaml *genome = rrn_yaml_get(root, "genome"), *list = NULL, *entry;
  int32_t stages, i;

  if (!genome)
    genome = root;
  if (genome->kind != RRN_YAML_MAPPING)
    return rrn_fail_at(err, RRAMNAS_ERR_PARSE, genome->where, "the genome is %s, expected a mapping with ks, e and d",
                       rrn_yaml_kind_name(genome));
  RRN_TRY(check_keys(genome, err));
  RRN_TRY(get_list(genome, "d", RRN_OFA_STAGES, RRN_OFA_MOST_STAGES, &list, err));
  stages = (int32_t)list->n_children;
  for (entry = list->child, i = 0; entry; entry = entry->next, i++)
    RRN_TRY(read_gene(entry, "d", i, rrn_ofa_depths, &ret_genome->depths[i], err));
  RRN_TRY(read_blocks(genome, "ks", rrn_ofa_kernel_sizes, stages, ret_genome->depths, ret_genome->kernel_sizes, err));
  *ret_family = stages == RRN_OFA_STAGES ? RRN_OFA_SMALL : RRN_OFA_LARGE;
  return read_blocks(genome, "e", rrn_ofa_expansions, stages, ret_genome->depths, ret_genome->expansions, err);
}

static int32_t
read_parameters(const rrn_yaml *root, rrn_ofa_family family, rrn_ofa_genome *genome, rramnas_error *err)
{
  const rrn_yaml *node = rrn_yaml_get(root, "parameters");
  rrn_net_parameters p = { .image = 0 };

  if (node)
    RRN_TRY(rrn_net_parameters_read(node, (size_t)rrn_ofa_stages(family) + 4, &p, err));
  genome->image = p.image;
  genome->classes = p.classes;
  genome->widths = p.widths;
  return RRAMNAS_OK;
}

int32_t
rrn_ofa_genome_read(const char *data, size_t size, const char *name, const rrn_rt *rt, rrn_ofa_genome *ret_genome,
                    rrn_ofa_family *ret_family, rramnas_error *err)
{
  rrn_ofa_genome genome = { .image = 0 };
  rrn_arena arena;
  rrn_yaml *root;
  int32_t status;

  rrn_arena_init(&arena, rt);
  RRN_TRY_OUT(rrn_yaml_parse(&arena, data, size, name, &root, err));
  RRN_TRY_OUT(read_genome(root, &genome, ret_family, err));
  RRN_TRY_OUT(read_parameters(root, *ret_family, &genome, err));
  *ret_genome = genome;
out:
  rrn_arena_release(&arena);
  return status;
}

int32_t
rrn_net_ofa_member(rrn_ofa_family family, const rrn_ofa_genome *genome, const rramnas_runtime *runtime,
                   rramnas_net **ret_net, rramnas_error *err)
{
  const char *name = family == RRN_OFA_SMALL ? "ofa_mobilenet_v3_small" : "ofa_mobilenet_v3_large";

  return rrn_net_ofa_named(family, genome, name, runtime, ret_net, err);
}

int32_t
rrn_net_ofa_genome(const char *data, size_t size, const char *name, const rramnas_runtime *runtime,
                   rramnas_net **ret_net, rramnas_error *err)
{
  rrn_ofa_genome genome;
  rrn_ofa_family family;
  rrn_rt rt;

  RRN_TRY(rrn_rt_init(&rt, runtime, err));
  RRN_TRY(rrn_ofa_genome_read(data, size, name, &rt, &genome, &family, err));
  return rrn_net_ofa_member(family, &genome, runtime, ret_net, err);
}
