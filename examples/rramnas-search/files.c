/* SPDX-License-Identifier: MIT */
/* What a search may write: in, the settings; out, whether that loses nothing. No file that is read is written over, no two
 * outputs meet, and a checkpoint that the search does not go on from stays unless --overwrite is given. Looked at before
 * anything is written. */
#include <string.h>
#include <sys/stat.h>

#include "program.h"

static const char *const in_folder[] = { "history.csv", "front.csv", "front.json", "front.svg", "report.html" };
enum { N_IN_FOLDER = sizeof(in_folder) / sizeof(in_folder[0]), MOST_INPUTS = 5 + 2 * MOST_LIST, MOST_OUTPUTS = N_IN_FOLDER + 2 };

typedef struct files {
  const char *inputs[MOST_INPUTS], *outputs[MOST_OUTPUTS];
  size_t n_inputs, n_outputs;
  char paths[N_IN_FOLDER][MOST_PATH];
} files;

static void
add(const char **list, size_t *n, const char *path)
{
  if (path)
    list[(*n)++] = path;
}

static void
list_inputs(const settings *s, files *f)
{
  size_t i;

  add(f->inputs, &f->n_inputs, s->space);
  add(f->inputs, &f->n_inputs, s->hardware);
  add(f->inputs, &f->n_inputs, s->network);
  add(f->inputs, &f->n_inputs, s->accuracy.data);
  add(f->inputs, &f->n_inputs, s->accuracy.weights);
  for (i = 0; i < s->n_tables; i++)
    add(f->inputs, &f->n_inputs, s->tables[i]);
  for (i = 0; i < s->n_predictors; i++)
    add(f->inputs, &f->n_inputs, strchr(s->predictors[i], '=') + 1);
}

static void
list_outputs(const settings *s, const char *checkpoint, files *f)
{
  size_t i;

  add(f->outputs, &f->n_outputs, s->cache);
  add(f->outputs, &f->n_outputs, checkpoint);
  for (i = 0; i < N_IN_FOLDER && s->out; i++) {
    snprintf(f->paths[i], MOST_PATH, "%s/%s", s->out, in_folder[i]);
    add(f->outputs, &f->n_outputs, f->paths[i]);
  }
}

static int
outputs_are_free(const files *f)
{
  size_t i, k;

  for (i = 0; i < f->n_outputs; i++) {
    for (k = 0; k < f->n_inputs; k++)
      if (is_same_file(f->outputs[i], f->inputs[k])) {
        complain("%s: is read and would be written over", f->inputs[k]);
        return 0;
      }
    for (k = 0; k < i; k++)
      if (is_same_file(f->outputs[i], f->outputs[k])) {
        complain("%s: would be written over by %s", f->outputs[k], f->outputs[i]);
        return 0;
      }
  }
  return 1;
}

/* The names in best/ depend on what is found: nothing that is read may lie there. */
static int
inputs_are_outside(const files *f, const char *out)
{
  char folder[MOST_PATH], parent[MOST_PATH];
  size_t i;

  snprintf(folder, sizeof(folder), "%s/best", out);
  for (i = 0; i < f->n_inputs; i++) {
    const char *path = f->inputs[i], *slash = strrchr(path, '/');

    snprintf(parent, sizeof(parent), "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
    if (is_same_file(parent, folder)) {
      complain("%s: is read and might be written over; give another --out", path);
      return 0;
    }
  }
  return 1;
}

static int
checkpoint_is_free(const settings *s, const char *checkpoint)
{
  struct stat info;

  if (!checkpoint || s->overwrite || is_same_file(checkpoint, s->resume) || stat(checkpoint, &info) != 0)
    return 1;
  complain("%s: is there already; go on from it with --resume %s, or begin anew with --overwrite", checkpoint, checkpoint);
  return 0;
}

const char *
checkpoint_of(const settings *s, char buffer[MOST_PATH])
{
  if (s->checkpoint || !s->out)
    return s->checkpoint;
  snprintf(buffer, MOST_PATH, "%s/checkpoint", s->out);
  return buffer;
}

int
outputs_are_safe(const settings *s)
{
  char buffer[MOST_PATH];
  const char *checkpoint = checkpoint_of(s, buffer);
  files f = { .n_inputs = 0 };

  list_inputs(s, &f);
  list_outputs(s, checkpoint, &f);
  return outputs_are_free(&f) && (!s->out || inputs_are_outside(&f, s->out)) && checkpoint_is_free(s, checkpoint);
}
