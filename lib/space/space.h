/* SPDX-License-Identifier: MIT */
/* What a genome means: names of genes and values, rules between genes, the network and the chip of a genome. */
#ifndef RRN_SPACE_SPACE_H
#define RRN_SPACE_SPACE_H

#include "search/operators.h"
#include "util/arena.h"

enum { RRN_SPACE_MOST_GENES = 4096 };

/* A gene as the caller sees it, beside its rrn_gene. Texts are the space's. */
typedef struct rrn_space_gene {
  const char *name;
  const char *const *labels; /* [n_labels]; NULL unless a category */
  const double *numbers;     /* [n_labels]: what a label counts as in rules: the number that it is, or its place */
  size_t n_labels;
  int32_t role; /* enum rramnas_gene_role */
  int32_t fixed; /* 1: to one of its values, by the file */
} rrn_space_gene;

struct rrn_space_rule;
struct rrn_space;

/* Builds the network of a canonical genome. Several threads may build at the same time, each with its runtime. */
typedef int32_t (*rrn_space_build_fn)(const struct rrn_space *space, const double *x, const rramnas_runtime *runtime,
                                      rramnas_net **ret_net, rramnas_error *err);

typedef struct rrn_space {
  const rrn_rt *rt;
  rrn_arena arena;
  const char *name;  /* of a ready space or of the file */
  const char *ready; /* name of the ready space that it builds on; NULL = none */
  rrn_space_build_fn build; /* NULL = no network genes */
  const struct rrn_net_parameters *parameters; /* of the builder */
  const char *supernet;     /* path of the weights of its networks, as the file named it; NULL = none */
  rrn_space_gene *genes;    /* [n] */
  rrn_gene *core;           /* [n] */
  size_t n, cap;
  size_t n_ready;      /* of these, the ready space's own */
  int32_t conditional; /* 1: some gene has a parent */
  struct rrn_space_rule *rules;
  size_t n_rules, cap_rules;
} rrn_space;

/* An empty space called `name`. `rt` outlives it. */
void rrn_space_init(rrn_space *s, const rrn_rt *rt);
void rrn_space_release(rrn_space *s);

/* Into an initialised, empty space. As rramnas_search_create_ready(), _load_buffer(). */
int32_t rrn_space_ready(rrn_space *s, const char *name, rramnas_error *err);
int32_t rrn_space_read(rrn_space *s, const char *data, size_t size, const char *name, rramnas_error *err);

int32_t rrn_space_add_gene(rrn_space *s, const rramnas_gene *gene, rramnas_error *err);
int32_t rrn_space_add_rule(rrn_space *s, const char *rule, rramnas_error *err);

/* The genes for a strategy; valid until the next gene is added. */
rrn_genes rrn_space_genes(const rrn_space *s);
/* SIZE_MAX when there is no gene of that name. */
size_t rrn_space_find(const rrn_space *s, const char *name);
/* 1 when every value lies in its gene's range and is whole where it must be; says which does not. */
int32_t rrn_space_check(const rrn_space *s, const double *x, rramnas_error *err);
/* How far a canonical genome is from keeping all rules, 0 = kept: the sum of what is missing. */
double rrn_space_violation(const rrn_space *s, const double *x);
/* What gene i of a genome counts as in rules. */
double rrn_space_number(const rrn_space *s, const double *x, size_t i);
/* Number of different candidates in decimal. ERR_RANGE when `capacity` is too short, ERR_LIMIT. */
int32_t rrn_space_count(const rrn_space *s, char *ret_text, size_t capacity, rramnas_error *err);

/* Value of gene i in genome x as text: label, whole number, or real in as few digits as read back. Returns buffer, or a
 * label; "" where the gene does not count. */
enum { RRN_SPACE_TEXT = 64 };
const char *rrn_space_value_text(const rrn_space *s, const double *x, size_t i, char buffer[RRN_SPACE_TEXT]);
/* And back; ERR_RANGE says what was expected. */
int32_t rrn_space_parse_value(const rrn_space *s, size_t i, const char *text, double *ret_value, rramnas_error *err);

/* The space as YAML; equal spaces give equal texts. */
int32_t rrn_space_write_yaml(const rrn_space *s, rramnas_write_fn write, void *user, rramnas_error *err);
/* A genome as YAML and back: rramnas_search_write_candidate(), _read_candidate(). */
int32_t rrn_space_write_candidate(const rrn_space *s, const double *x, rramnas_write_fn write, void *user,
                                  rramnas_error *err);
int32_t rrn_space_read_candidate(const rrn_space *s, const char *data, size_t size, const char *name, double *ret_x,
                                 rramnas_error *err);

/* Network of a canonical genome; ERR_UNSUPPORTED without a builder. */
int32_t rrn_space_build_net(const rrn_space *s, const double *x, const rramnas_runtime *runtime, rramnas_net **ret_net,
                            rramnas_error *err);
/* `base` with the hardware genes' values that count; a new reference to `base` itself when there are none. */
int32_t rrn_space_build_hw(const rrn_space *s, const double *x, rramnas_hw *base, rramnas_hw **ret_hw,
                           rramnas_error *err);

/* 1 = a gene of that name is the bits of a mapped layer. */
int rrn_space_names_bits(const char *name);
/* What a name begins like that is none of these, "layer_weight_bits" or "layer_input_bits"; else NULL. */
const char *rrn_space_nearly_bits(const char *name);
/* Genes "layer_weight_bits[i]" and "layer_input_bits[i]" of role hardware: bits of mapped layer i, no more than the
 * chip's, into arrays [n] (0 where there is no gene). Returns 1 when there are such genes. */
int rrn_space_layer_bits(const rrn_space *s, const double *x, const rramnas_hw *hw, size_t n, int32_t *ret_weight_bits,
                         int32_t *ret_input_bits);

#endif
