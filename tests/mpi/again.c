/* SPDX-License-Identifier: MIT */
/* again SPACE CHIP NETWORK DATA HISTORY: two searches over the ranks of an MPI job, the second with a new session of
 * the leader, whose front is empty, and the sessions that the other ranks judged the first with. Chips end by the
 * front; the history of the second tells by which. */
#include <mpi.h>
#include <stdio.h>

#include "rramnas/rramnas_mpi.h"

static int32_t
set_chip_and_net(rramnas_search *s, char **paths, rramnas_error *err)
{
  rramnas_compile_options o = RRAMNAS_COMPILE_OPTIONS_INIT;
  rramnas_net *net = NULL;
  rramnas_hw *hw = NULL;
  int32_t status;

  o.policy = RRAMNAS_POLICY_RNC;
  o.crossbars = RRAMNAS_CROSSBARS_AUTO;
  if ((status = rramnas_hw_load_file(paths[1], RRAMNAS_HW_FORMAT_AUTO, NULL, &hw, err)) >= 0 &&
      (status = rramnas_search_set_hardware(s, hw, err)) >= 0 &&
      (status = rramnas_net_load_file(paths[2], NULL, NULL, &net, err)) >= 0 &&
      (status = rramnas_search_set_net(s, net, err)) >= 0)
    status = rramnas_search_set_compile(s, &o, NULL, err);
  rramnas_net_unref(net);
  rramnas_hw_unref(hw);
  return status;
}

static int32_t
set_figures(rramnas_search *s, char **paths, rramnas_error *err)
{
  rramnas_accuracy_options o = RRAMNAS_ACCURACY_OPTIONS_INIT;
  int32_t status;

  o.weights = paths[2];
  o.data = paths[3];
  o.part = RRAMNAS_DATA_HELD_OUT;
  o.images = 8;
  o.calibration_images = 8;
  o.trials = 2;
  o.stop_dominated = 1;
  status = rramnas_search_set_accuracy(s, &o, err);
  if (status >= 0)
    status = rramnas_search_add_objective(s, "accuracy", 0, err);
  return status < 0 ? status : rramnas_search_add_objective(s, "area_um2", 0, err);
}

/* history NULL = none. */
static int32_t
begin(char **paths, const char *history, rramnas_search **ret_search, rramnas_error *err)
{
  rramnas_search_options o = RRAMNAS_SEARCH_OPTIONS_INIT;
  int32_t status = rramnas_search_load_file(paths[0], NULL, ret_search, err);

  o.strategy = RRAMNAS_STRATEGY_ENUMERATE;
  o.population = 3;
  if (status < 0 || (status = set_chip_and_net(*ret_search, paths, err)) < 0 ||
      (status = set_figures(*ret_search, paths, err)) < 0)
    return status;
  if (history)
    status = rramnas_search_set_history_file(*ret_search, history, err);
  return status < 0 ? status : rramnas_search_start(*ret_search, &o, err);
}

static int32_t
search_twice(char **paths, int leads, rramnas_error *err)
{
  rramnas_run_options o = RRAMNAS_RUN_OPTIONS_INIT;
  rramnas_search *s = NULL;
  int32_t status;

  o.n_threads = 1;
  status = begin(paths, NULL, &s, err);
  status = status < 0 ? status : rramnas_mpi_run(s, MPI_COMM_WORLD, &o, err);
  if (status >= 0 && leads) {
    rramnas_search_unref(s);
    s = NULL;
    status = begin(paths, paths[4], &s, err);
  }
  status = status < 0 ? status : rramnas_mpi_run(s, MPI_COMM_WORLD, &o, err);
  rramnas_search_unref(s);
  return status;
}

int
main(int argc, char **argv)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  int rank, failed;

  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  failed = argc != 6 || search_twice(argv + 1, rank == RRAMNAS_MPI_LEADER, &err) < 0;
  if (failed)
    fprintf(stderr, "rank %d: %s\n", rank, err.message);
  if (failed)
    MPI_Abort(MPI_COMM_WORLD, 1);
  MPI_Finalize();
  return 0;
}
