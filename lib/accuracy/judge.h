/* SPDX-License-Identifier: MIT */
/* Weights and images, read once: what any number of networks are judged with, on any number of threads. */
#ifndef RRN_ACCURACY_JUDGE_H
#define RRN_ACCURACY_JUDGE_H

#include <stdatomic.h>

#include "accuracy/stop.h"
#include "compile/mapping.h"
#include "data/data.h"
#include "infer/infer.h"
#include "weights/weights.h"

/* A thread's memory for calibration, kept from network to network. */
enum { RRN_JUDGE_ROOMS = 64 };

typedef struct rrn_judge_room {
  atomic_flag busy;
  rrn_infer_room room;
} rrn_judge_room;

typedef struct rrn_judge {
  rrn_rt rt;
  rrn_arena arena;
  rramnas_runtime runtime;
  rramnas_accuracy_options o; /* texts are ours */
  rrn_safetensors *file;      /* NULL = the weights are ONNX's */
  int32_t is_supernet;
  rrn_supernet supernet;      /* what was found when a member was checked */
  rrn_values *values;         /* of ONNX, then of the one network */
  rrn_infer_plan *plan;       /* of the one network; NULL = each is made from the supernet */
  float *images;              /* [n_images][...] of the part that is judged on */
  int32_t *labels;
  size_t n_images;
  float *training;            /* the first images of the training part: as many as either needs */
  size_t n_calibrating, n_norm; /* for ranges of inputs; for batch normalisations, 0 = they stay */
  int64_t shape[3];           /* of an image */
  int32_t classes;
  uint64_t low, high;         /* digest */
  rrn_judge_room *rooms;      /* [RRN_JUDGE_ROOMS]; of a supernet */
} rrn_judge;

/* Checks options and reads their files; nothing of them is looked at afterwards. */
int32_t rrn_judge_load(const rramnas_accuracy_options *options, const rramnas_runtime *runtime, rrn_judge **ret_judge,
                       rramnas_error *err);
/* NULL is allowed. */
void rrn_judge_free(rrn_judge *j);

/* The one network that will be judged; of a supernet any member may be, and this one can. ERR_ARGUMENT, ERR_SHAPE when
 * the weights are another network's or the images do not fit. */
int32_t rrn_judge_set_net(rrn_judge *j, rramnas_net *net, rramnas_error *err);
/* A network's weights as functions of images, batch normalisations as the file has them. */
int32_t rrn_judge_plan_member(const rrn_judge *j, rramnas_net *net, rrn_values **ret_values, rrn_infer_plan **ret_plan,
                              rramnas_error *err);

/* Whether there is one: errors name the tensor. All of the file is looked at, for other members, too. */
int32_t rrn_judge_check_member(rrn_judge *j, rramnas_net *net, rramnas_error *err);

/* Takes the statistics of the plan's batch normalisations anew, from the first training images. */
int32_t rrn_judge_calibrate(const rrn_judge *j, rrn_infer_plan *plan, int32_t n_threads, rramnas_error *err);

/* What is wanted, bits. */
enum { RRN_JUDGE_DIGITAL = 1, RRN_JUDGE_QUANTIZED = 2, RRN_JUDGE_CHIPS = 4 };

/* What is wanted beyond the figures, NULL = not. */
typedef struct rrn_judge_details {
  double *trials;                 /* [trials] */
  rramnas_accuracy_layer *layers; /* [layers of the network] */
  int32_t *known;                 /* RRN_JUDGE_ bits of what was measured, also when something else failed */
} rrn_judge_details;

/* Called before the chips, with the figures that are known without them: may make the rule that ends them stricter. */
typedef struct rrn_judge_hurdle {
  void (*raise)(void *user, const rramnas_accuracy *known, rrn_stop_rule *rule);
  void *user;
} rrn_judge_hurdle;

/* Figures of one network; what was not asked for stays 0, and so does what an error prevented (details.known).
 * `mapping` is of that network, NULL when only RRN_JUDGE_DIGITAL is asked for. `hurdle` and ret_details NULL = none.
 * Safe on several threads. measure.c */
int32_t rrn_judge_run(const rrn_judge *j, rramnas_net *net, const rramnas_mapping *mapping, int32_t what,
                      int32_t n_threads, const rrn_judge_hurdle *hurdle, rramnas_accuracy *ret,
                      const rrn_judge_details *ret_details, rramnas_error *err);
/* Most chips that are tried. */
int32_t rrn_judge_trials(const rrn_judge *j);

#endif
