/* SPDX-License-Identifier: MIT */
/* A rank that judges. In: a session, genomes from the leader. Out: their figures, back to the leader. */
#include <string.h>

#include "mpi/job.h"

typedef struct worker {
  rramnas_search *search;
  MPI_Comm comm;
  int32_t n_threads, capacity;
  size_t genes, figures;
  double *genomes;    /* [capacity][genes] */
  double *values;     /* [capacity][figures] */
  double *shortfalls; /* [capacity] */
  double *answer;     /* [capacity][figures + 1] */
  int32_t front;      /* how it went with the last front, */
  rramnas_error why;  /* and why not */
} worker;

static int
reserve(worker *w)
{
  const size_t n = (size_t)w->capacity;

  w->genomes = rrn_mpi_alloc(n, w->genes * sizeof(double));
  w->values = rrn_mpi_alloc(n, w->figures * sizeof(double));
  w->shortfalls = rrn_mpi_alloc(n, sizeof(double));
  w->answer = rrn_mpi_alloc(n, (w->figures + 1) * sizeof(double));
  return w->genomes && w->values && w->shortfalls && w->answer;
}

static void
release(worker *w)
{
  rrn_mpi_free(w->genomes);
  rrn_mpi_free(w->values);
  rrn_mpi_free(w->shortfalls);
  rrn_mpi_free(w->answer);
}

static int32_t
send_failure(const worker *w, int32_t status, const rramnas_error *why, rramnas_error *err)
{
  rrn_mpi_text text = { .status = status };

  memcpy(text.message, why->message, sizeof(text.message));
  return rrn_mpi_status(MPI_Send(&text, sizeof(text), MPI_BYTE, RRAMNAS_MPI_LEADER, RRN_MPI_FAILED, w->comm), err);
}

static int32_t
send_figures(worker *w, size_t n, rramnas_error *err)
{
  const size_t m = w->figures;
  size_t k;

  for (k = 0; k < n; k++) {
    memcpy(w->answer + k * (m + 1), w->values + k * m, m * sizeof(*w->answer));
    w->answer[k * (m + 1) + m] = w->shortfalls[k];
  }
  return rrn_mpi_status(MPI_Send(w->answer, (int)(n * (m + 1)), MPI_DOUBLE, RRAMNAS_MPI_LEADER, RRN_MPI_DONE, w->comm),
                        err);
}

static int32_t
do_piece(worker *w, int count, rramnas_error *err)
{
  const size_t n = (size_t)count / w->genes;
  rramnas_error why = w->why;
  int32_t status = w->front;

  RRN_MPI_TRY(rrn_mpi_status(MPI_Recv(w->genomes, count, MPI_DOUBLE, RRAMNAS_MPI_LEADER, RRN_MPI_WORK, w->comm,
                                      MPI_STATUS_IGNORE), err));
  if (status >= 0)
    status = rramnas_search_evaluate(w->search, w->genomes, n, w->n_threads, w->values, w->shortfalls, &why);
  return status < 0 ? send_failure(w, status, &why, err) : send_figures(w, n, err);
}

/* What fails here is said with the next piece, which must not be judged by another front. A message for which there is no
 * memory is cut off. */
static int32_t
hear_front(worker *w, int count, rramnas_error *err)
{
  double *front = rrn_mpi_alloc((size_t)count, sizeof(*front));
  const int result = MPI_Recv(front, front ? count : 0, MPI_DOUBLE, RRAMNAS_MPI_LEADER, RRN_MPI_FRONT, w->comm,
                              MPI_STATUS_IGNORE);

  if (!front)
    w->front = rrn_mpi_fail(&w->why, RRAMNAS_ERR_MEMORY, "out of memory for the front");
  else if (count > 0 || rramnas_search_generation_front(w->search, NULL) > 0)
    w->front = rramnas_search_set_generation_front(w->search, front, (size_t)count, &w->why);
  rrn_mpi_free(front);
  return front ? rrn_mpi_status(result, err) : RRAMNAS_OK;
}

static int32_t
hear_end(const worker *w, rramnas_error *err)
{
  rrn_mpi_text text = { .status = RRAMNAS_OK };

  RRN_MPI_TRY(rrn_mpi_status(MPI_Recv(&text, sizeof(text), MPI_BYTE, RRAMNAS_MPI_LEADER, RRN_MPI_END, w->comm,
                                      MPI_STATUS_IGNORE), err));
  text.message[sizeof(text.message) - 1] = '\0';
  return text.status < 0 ? rrn_mpi_fail(err, text.status, "%s", text.message) : text.status;
}

static int32_t
listen_to_leader(worker *w, rramnas_error *err)
{
  const int capacity = w->capacity;

  RRN_MPI_TRY(rrn_mpi_status(MPI_Send(&capacity, 1, MPI_INT, RRAMNAS_MPI_LEADER, RRN_MPI_READY, w->comm), err));
  for (;;) {
    MPI_Status envelope;
    int count = 0;

    RRN_MPI_TRY(rrn_mpi_status(MPI_Probe(RRAMNAS_MPI_LEADER, MPI_ANY_TAG, w->comm, &envelope), err));
    if (envelope.MPI_TAG == RRN_MPI_END)
      return hear_end(w, err);
    RRN_MPI_TRY(rrn_mpi_status(MPI_Get_count(&envelope, MPI_DOUBLE, &count), err));
    RRN_MPI_TRY(envelope.MPI_TAG == RRN_MPI_FRONT ? hear_front(w, count, err) : do_piece(w, count, err));
  }
}

int32_t
rrn_mpi_work(rramnas_search *search, MPI_Comm comm, int32_t n_threads, rramnas_error *err)
{
  worker w = { .search = search, .comm = comm, .n_threads = n_threads, .capacity = n_threads,
               .why = RRAMNAS_ERROR_INIT, .genes = rramnas_search_gene_count(search), .figures = rramnas_search_metric_count(search) };
  int32_t status;

  if (!reserve(&w))
    w.capacity = 0;
  status = listen_to_leader(&w, err);
  release(&w);
  return status;
}
