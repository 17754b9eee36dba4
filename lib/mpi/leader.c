/* SPDX-License-Identifier: MIT */
/* The rank that leads: rramnas_search_run() here, its candidates judged everywhere.
 *
 * In:  a session; ranks that said how many candidates they take at a time.
 * Out: each batch with its figures; at the end, word to all.
 *
 * Candidates go out in order, to whoever has room: a worker has up to two pieces, one that it does and one that waits, so
 * that it need not wait for the leader, which judges pieces itself. Towards the end of a batch a worker gets no second
 * piece. Answers come back in the order of the pieces, by MPI's rule that messages do not overtake. Pieces are sent
 * without blocking, so that leader and worker never wait for each other's send. */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "mpi/job.h"

enum { PIECES = 2 };

typedef struct piece {
  double *genomes;  /* [capacity][genes], until the answer is there */
  size_t *places;   /* [capacity] in the batch */
  size_t n;
  MPI_Request sent;
} piece;

typedef struct peer {
  size_t capacity;
  piece pieces[PIECES]; /* a queue: the oldest is `first` */
  int first, n_out;
} peer;

typedef struct leader {
  rramnas_search *search;
  MPI_Comm comm;
  int32_t n_threads;
  size_t genes, figures, everybody; /* candidates that all take at a time */
  int n_ranks, n_out;               /* pieces that are out, of all */
  peer *peers;                      /* [n_ranks]; the leader's own buffers are its first piece */
  double *answer;                   /* [most][figures + 1] */
  double *values, *shortfalls;      /* the leader's own, [most][figures] and [most] */
  const rramnas_work *work;
  size_t next;                      /* candidates before it are known or out */
  size_t left;                      /* that are neither */
  int32_t failed;
  rramnas_error why;
} leader;

/* --- who is there --- */

static int32_t
fail_memory(int rank, rramnas_error *err)
{
  return rrn_mpi_fail(err, RRAMNAS_ERR_MEMORY, "rank %d: out of memory", rank);
}

static int
reserve_piece(const leader *l, piece *p, size_t capacity)
{
  p->genomes = rrn_mpi_alloc(capacity, l->genes * sizeof(*p->genomes));
  p->places = rrn_mpi_alloc(capacity, sizeof(*p->places));
  return p->genomes && p->places;
}

static int
reserve_answers(leader *l, size_t most)
{
  l->answer = rrn_mpi_alloc(most, (l->figures + 1) * sizeof(*l->answer));
  l->values = rrn_mpi_alloc(most, l->figures * sizeof(*l->values));
  l->shortfalls = rrn_mpi_alloc(most, sizeof(*l->shortfalls));
  return l->answer && l->values && l->shortfalls;
}

/* Hears all ranks, whatever they say, so that each can be told of the end. */
static int32_t
meet(leader *l, rramnas_error *err)
{
  size_t most = 1;
  int32_t status = RRAMNAS_OK;
  int rank, i;

  for (rank = 0; rank < l->n_ranks; rank++) {
    int capacity = l->n_threads;

    if (rank != RRAMNAS_MPI_LEADER)
      RRN_MPI_TRY(rrn_mpi_status(MPI_Recv(&capacity, 1, MPI_INT, rank, RRN_MPI_READY, l->comm, MPI_STATUS_IGNORE), err));
    if (capacity < 1 || capacity > RRN_MPI_MOST_AT_A_TIME)
      status = fail_memory(rank, err);
    l->peers[rank].capacity = (size_t)capacity;
    l->everybody += (size_t)capacity;
    most = (size_t)capacity > most ? (size_t)capacity : most;
    for (i = 0; i < PIECES && status >= 0; i++)
      if (!reserve_piece(l, &l->peers[rank].pieces[i], (size_t)capacity))
        status = fail_memory(RRAMNAS_MPI_LEADER, err);
  }
  return status >= 0 && !reserve_answers(l, most) ? fail_memory(RRAMNAS_MPI_LEADER, err) : status;
}

/* --- handing out --- */

static int
may_begin(const leader *l)
{
  return l->left > 0 && l->failed >= 0 && !l->work->wants_end(l->work);
}

/* The next candidates that nobody has, into a piece. */
static void
fill(leader *l, piece *p, size_t capacity)
{
  const rramnas_work *w = l->work;

  for (p->n = 0; p->n < capacity && l->next < w->n; l->next++)
    if (!w->done[l->next]) {
      memcpy(p->genomes + p->n * l->genes, w->genomes + l->next * l->genes, l->genes * sizeof(*p->genomes));
      p->places[p->n++] = l->next;
    }
  l->left -= p->n;
}

static int32_t
send_piece(leader *l, int rank, rramnas_error *err)
{
  peer *to = &l->peers[rank];
  piece *p = &to->pieces[(to->first + to->n_out) % PIECES];

  fill(l, p, to->capacity);
  RRN_MPI_TRY(rrn_mpi_status(MPI_Isend(p->genomes, (int)(p->n * l->genes), MPI_DOUBLE, rank, RRN_MPI_WORK, l->comm,
                                       &p->sent), err));
  to->n_out++;
  l->n_out++;
  return RRAMNAS_OK;
}

/* First everybody's first piece, then the second as long as there is more than a round left. */
static int32_t
feed(leader *l, rramnas_error *err)
{
  int turn, rank;

  for (turn = 0; turn < PIECES; turn++)
    for (rank = 0; rank < l->n_ranks && may_begin(l); rank++)
      if (rank != RRAMNAS_MPI_LEADER && l->peers[rank].n_out == turn && (turn == 0 || l->left > l->everybody))
        RRN_MPI_TRY(send_piece(l, rank, err));
  return RRAMNAS_OK;
}

/* --- answers --- */

static void
put_figures(leader *l, size_t place, const double *values, double shortfall)
{
  memcpy(l->work->values + place * l->figures, values, l->figures * sizeof(*values));
  l->work->shortfalls[place] = shortfall;
  l->work->done[place] = 1;
}

static void
remember_failure(leader *l, int rank, int32_t status, const char *message)
{
  if (l->failed >= 0)
    l->failed = rrn_mpi_fail(&l->why, status < 0 ? status : RRAMNAS_ERR_CALLBACK, "rank %d: %.900s", rank, message);
}

static int32_t
hear_failure(leader *l, int rank, rramnas_error *err)
{
  rrn_mpi_text text = { .status = RRAMNAS_OK };

  RRN_MPI_TRY(rrn_mpi_status(MPI_Recv(&text, sizeof(text), MPI_BYTE, rank, RRN_MPI_FAILED, l->comm, MPI_STATUS_IGNORE),
                             err));
  text.message[sizeof(text.message) - 1] = '\0';
  remember_failure(l, rank, text.status, text.message);
  return RRAMNAS_OK;
}

static int32_t
hear_figures(leader *l, int rank, const piece *p, rramnas_error *err)
{
  const size_t row = l->figures + 1;
  size_t k;

  RRN_MPI_TRY(rrn_mpi_status(MPI_Recv(l->answer, (int)(p->n * row), MPI_DOUBLE, rank, RRN_MPI_DONE, l->comm,
                                      MPI_STATUS_IGNORE), err));
  for (k = 0; k < p->n; k++)
    put_figures(l, p->places[k], l->answer + k * row, l->answer[k * row + l->figures]);
  return RRAMNAS_OK;
}

static int32_t
hear(leader *l, const MPI_Status *envelope, rramnas_error *err)
{
  const int rank = envelope->MPI_SOURCE;
  peer *from = &l->peers[rank];
  piece *p = &from->pieces[from->first];

  RRN_MPI_TRY(envelope->MPI_TAG == RRN_MPI_FAILED ? hear_failure(l, rank, err) : hear_figures(l, rank, p, err));
  RRN_MPI_TRY(rrn_mpi_status(MPI_Wait(&p->sent, MPI_STATUS_IGNORE), err));
  from->first = (from->first + 1) % PIECES;
  from->n_out--;
  l->n_out--;
  return RRAMNAS_OK;
}

/* All that has come; waits for one when `wait`. */
static int32_t
hear_all(leader *l, int wait, rramnas_error *err)
{
  MPI_Status envelope;
  int is_there = 1;

  while (l->n_out > 0 && is_there) {
    RRN_MPI_TRY(rrn_mpi_status(wait ? MPI_Probe(MPI_ANY_SOURCE, MPI_ANY_TAG, l->comm, &envelope)
                                    : MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, l->comm, &is_there, &envelope),
                               err));
    if (is_there)
      RRN_MPI_TRY(hear(l, &envelope, err));
    wait = 0;
  }
  return RRAMNAS_OK;
}

static void
judge_here(leader *l)
{
  peer *me = &l->peers[RRAMNAS_MPI_LEADER];
  rramnas_error why = RRAMNAS_ERROR_INIT;
  piece *p = &me->pieces[0];
  int32_t status;
  size_t k;

  fill(l, p, me->capacity);
  status = rramnas_search_evaluate(l->search, p->genomes, p->n, l->n_threads, l->values, l->shortfalls, &why);
  if (status < 0)
    remember_failure(l, RRAMNAS_MPI_LEADER, status, why.message);
  for (k = 0; k < p->n && status >= 0; k++)
    put_figures(l, p->places[k], l->values + k * l->figures, l->shortfalls[k]);
}

/* Nobody works, so everybody listens and no send waits for long. */
static int32_t
send_front(const leader *l, rramnas_error *err)
{
  const size_t n = rramnas_search_generation_front(l->search, NULL);
  double *front = rrn_mpi_alloc(n, sizeof(*front));
  int32_t status = RRAMNAS_OK;
  int rank;

  if (!front || n > INT_MAX)
    status = fail_memory(RRAMNAS_MPI_LEADER, err);
  else
    rramnas_search_generation_front(l->search, front);
  for (rank = 0; status >= 0 && rank < l->n_ranks; rank++)
    if (rank != RRAMNAS_MPI_LEADER)
      status = rrn_mpi_status(MPI_Send(front, (int)n, MPI_DOUBLE, rank, RRN_MPI_FRONT, l->comm), err);
  rrn_mpi_free(front);
  return status;
}

static int32_t
distribute(void *user, const rramnas_work *work, rramnas_error *err)
{
  leader *l = user;
  size_t k;

  l->work = work;
  l->next = l->left = 0;
  for (k = 0; k < work->n; k++)
    l->left += !work->done[k];
  RRN_MPI_TRY(send_front(l, err));
  while (may_begin(l) || l->n_out > 0) {
    RRN_MPI_TRY(feed(l, err));
    if (may_begin(l))
      judge_here(l);
    else
      RRN_MPI_TRY(hear_all(l, 1, err));
    RRN_MPI_TRY(hear_all(l, 0, err));
  }
  return l->failed < 0 ? rrn_mpi_fail(err, l->failed, "%s", l->why.message) : RRAMNAS_OK;
}

/* --- the whole --- */

static int32_t
say_end(const leader *l, int32_t status, const rramnas_error *why, rramnas_error *err)
{
  rrn_mpi_text text = { .status = status };
  int rank;

  memcpy(text.message, why->message, sizeof(text.message));
  for (rank = 0; rank < l->n_ranks; rank++)
    if (rank != RRAMNAS_MPI_LEADER)
      RRN_MPI_TRY(rrn_mpi_status(MPI_Send(&text, sizeof(text), MPI_BYTE, rank, RRN_MPI_END, l->comm), err));
  return status;
}

static void
release(leader *l)
{
  int rank, i;

  for (rank = 0; l->peers && rank < l->n_ranks; rank++)
    for (i = 0; i < PIECES; i++) {
      rrn_mpi_free(l->peers[rank].pieces[i].genomes);
      rrn_mpi_free(l->peers[rank].pieces[i].places);
    }
  rrn_mpi_free(l->peers);
  rrn_mpi_free(l->answer);
  rrn_mpi_free(l->values);
  rrn_mpi_free(l->shortfalls);
}

static int32_t
make_peers(leader *l, rramnas_error *err)
{
  RRN_MPI_TRY(rrn_mpi_status(MPI_Comm_size(l->comm, &l->n_ranks), err));
  l->peers = rrn_mpi_alloc((size_t)l->n_ranks, sizeof(*l->peers));
  if (!l->peers)
    return fail_memory(RRAMNAS_MPI_LEADER, err);
  memset(l->peers, 0, (size_t)l->n_ranks * sizeof(*l->peers));
  return meet(l, err);
}

int32_t
rrn_mpi_lead(rramnas_search *search, MPI_Comm comm, const rramnas_run_options *o, rramnas_error *err)
{
  leader l = { .search = search, .comm = comm, .n_threads = o->n_threads, .why = RRAMNAS_ERROR_INIT,
               .genes = rramnas_search_gene_count(search), .figures = rramnas_search_metric_count(search) };
  rramnas_error why = RRAMNAS_ERROR_INIT;
  rramnas_run_options ours = *o;
  int32_t status;

  ours.distribute = distribute;
  ours.distribute_user = &l;
  status = make_peers(&l, &why);
  if (status >= 0)
    status = rramnas_search_run(search, &ours, &why);
  status = say_end(&l, status, &why, &why);
  release(&l);
  return status < 0 ? rrn_mpi_fail(err, status, "%s", why.message) : status;
}
