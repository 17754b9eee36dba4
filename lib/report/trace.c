/* SPDX-License-Identifier: MIT */
/* The timeline as Chrome trace events (chrome://tracing, ui.perfetto.dev).
 *
 * In:  a mapping, timing options.
 * Out: process 0 "crossbars": one track per used crossbar, a span per box that it works on for a sample.
 *      Process 1 "samples": the layers of each sample, first box to last.
 *
 * Spans go out as the simulation reports them; nothing is kept but, per sample, the layer that is under way and
 * the ends of LANES tracks. Branches of a network that run side by side take a track each; a layer that finds all
 * LANES tracks of its sample taken is left out of process 1.
 *
 * Why that is enough: both models report the boxes of a layer of a sample without those of another layer of the
 * same sample in between. Times are microseconds, as the format has it. */
#include <inttypes.h>

#include "report/report.h"

enum { LANES = 16, NOTHING = -1 };

typedef struct sample_state {
  int32_t layer; /* under way, or NOTHING */
  int32_t n_lanes;
  double start_ns, end_ns;
  double lane_end_ns[LANES];
} sample_state;

typedef struct trace {
  const rramnas_mapping *m;
  rrn_writer w;
  sample_state *samples;
  int track_of_box; /* several boxes of a crossbar may be active at the same time */
  int started;
} trace;

static const char *
layer_name(const trace *t, int32_t layer)
{
  return t->m->net->layers[t->m->layer_of[layer]].name;
}

static void
next_event(trace *t)
{
  rrn_write_text(&t->w, t->started ? ",\n" : "\n");
  t->started = 1;
}

static void
name_process(trace *t, int32_t pid, const char *name)
{
  next_event(t);
  rrn_write_format(&t->w, "{\"ph\": \"M\", \"name\": \"process_name\", \"pid\": %d, \"tid\": 0, \"args\": {\"name\": \"%s\"}}",
                   (int)pid, name);
}

static void
name_track(trace *t, int32_t pid, int64_t tid, const char *what, int32_t number)
{
  next_event(t);
  rrn_write_format(&t->w, "{\"ph\": \"M\", \"name\": \"thread_name\", \"pid\": %d, \"tid\": %" PRId64
                   ", \"args\": {\"name\": \"%s %d\"}}", (int)pid, tid, what, (int)number);
}

/* The part that all spans have; the caller adds args and closes the object. */
static void
begin_span(trace *t, int32_t pid, int64_t tid, int32_t layer, double start_ns, double end_ns)
{
  next_event(t);
  rrn_write_format(&t->w, "{\"ph\": \"X\", \"pid\": %d, \"tid\": %" PRId64 ", \"name\": ", (int)pid, tid);
  rrn_write_json_string(&t->w, layer_name(t, layer));
  rrn_write_text(&t->w, ", \"ts\": ");
  rrn_write_double(&t->w, start_ns / 1000);
  rrn_write_text(&t->w, ", \"dur\": ");
  rrn_write_double(&t->w, (end_ns - start_ns) / 1000);
}

/* --- process 1 --- */

/* A track that is free from start_ns on, LANES when there is none. */
static int32_t
find_lane(trace *t, int32_t sample, double start_ns)
{
  sample_state *s = &t->samples[sample];
  int32_t lane;

  for (lane = 0; lane < s->n_lanes && s->lane_end_ns[lane] > start_ns; lane++)
    ;
  if (lane == s->n_lanes && lane < LANES) {
    s->n_lanes++;
    name_track(t, 1, (int64_t)sample * LANES + lane, "sample", sample);
  }
  return lane;
}

static void
finish_layer(trace *t, int32_t sample)
{
  sample_state *s = &t->samples[sample];
  int32_t lane;

  if (s->layer == NOTHING)
    return;
  lane = find_lane(t, sample, s->start_ns);
  if (lane < LANES) {
    s->lane_end_ns[lane] = s->end_ns;
    begin_span(t, 1, (int64_t)sample * LANES + lane, s->layer, s->start_ns, s->end_ns);
    rrn_write_format(&t->w, ", \"args\": {\"layer\": %d}}", (int)t->m->layer_of[s->layer]);
  }
  s->layer = NOTHING;
}

static void
follow_sample(trace *t, const rrn_span *span)
{
  sample_state *s = &t->samples[span->sample];

  if (s->layer != span->layer) {
    finish_layer(t, span->sample);
    s->layer = span->layer;
    s->start_ns = span->start_ns;
    s->end_ns = span->end_ns;
  }
  s->start_ns = span->start_ns < s->start_ns ? span->start_ns : s->start_ns;
  s->end_ns = span->end_ns > s->end_ns ? span->end_ns : s->end_ns;
}

/* --- process 0 --- */

/* A track for each crossbar, or for each box when several of a crossbar may be active at the same time. */
static int64_t
track_of(const trace *t, const rrn_span *span)
{
  return t->track_of_box ? rrn_mapping_placement(t->m, span->layer, span->copy, span->piece) - t->m->placements
                         : span->crossbar;
}

static void
on_span(void *user, const rrn_span *span)
{
  trace *t = user;

  begin_span(t, 0, track_of(t, span), span->layer, span->start_ns, span->end_ns);
  rrn_write_format(&t->w, ", \"args\": {\"sample\": %d, \"layer\": %d, \"copy\": %d, \"piece\": %d}}",
                   (int)span->sample, (int)t->m->layer_of[span->layer], (int)span->copy, (int)span->piece);
  follow_sample(t, span);
}

static int32_t
write_names(trace *t, rrn_arena *arena, rramnas_error *err)
{
  const rramnas_mapping *m = t->m;
  uint8_t *used = rrn_arena_alloc(arena, (size_t)m->crossbars_available, 1);
  int32_t bar;
  size_t i;

  if (!used)
    return rrn_fail_memory(err);
  for (i = 0; i < m->n_placements; i++)
    used[m->placements[i].crossbar] = 1;
  name_process(t, 0, "crossbars");
  name_process(t, 1, "samples");
  for (bar = 0; !t->track_of_box && bar < m->crossbars_available; bar++)
    if (used[bar])
      name_track(t, 0, bar, "crossbar", bar);
  for (i = 0; t->track_of_box && i < m->n_placements; i++)
    name_track(t, 0, (int64_t)i, "crossbar", m->placements[i].crossbar);
  return RRAMNAS_OK;
}

static int32_t
write_trace(trace *t, const rramnas_timing_options *timing, rrn_arena *arena, rramnas_error *err)
{
  const rrn_sim_options sim = { .model = timing->model, .samples = timing->samples,
                                .floor_remainder = timing->floor_remainder, .sharing = timing->sharing,
                                .span = on_span, .span_user = t };
  double latency_ns = 0;
  int32_t sample;

  t->samples = rrn_arena_alloc(arena, (size_t)timing->samples, sizeof(*t->samples));
  if (!t->samples)
    return rrn_fail_memory(err);
  for (sample = 0; sample < timing->samples; sample++)
    t->samples[sample].layer = NOTHING;
  rrn_write_text(&t->w, "{\"displayTimeUnit\": \"ns\", \"traceEvents\": [");
  RRN_TRY(write_names(t, arena, err));
  RRN_TRY(rrn_simulate(t->m, &sim, &latency_ns, err));
  for (sample = 0; sample < timing->samples; sample++)
    finish_layer(t, sample);
  rrn_write_text(&t->w, "\n]}\n");
  return rrn_writer_finish(&t->w, err);
}

int32_t
rrn_report_trace(const rramnas_mapping *m, const rramnas_timing_options *timing, rramnas_write_fn write, void *user,
                 rramnas_error *err)
{
  trace t = { .m = m, .track_of_box = timing->sharing == RRAMNAS_SHARING_DISJOINT };
  rrn_arena arena;
  int32_t status;

  rrn_writer_init(&t.w, write, user);
  rrn_arena_init(&arena, &m->rt);
  status = write_trace(&t, timing, &arena, err);
  rrn_arena_release(&arena);
  return status;
}
