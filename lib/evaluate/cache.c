/* SPDX-License-Identifier: MIT */
/* Figures on disk: an SQLite file that runs and processes share.
 *
 *   setting    one row per problem setting: number, digest of all that figures depend on
 *   candidate  setting, fingerprint (hex), genome (YAML), shortfall
 *   figure     setting, fingerprint, name, value (NULL = failed)
 *
 * In:  fingerprints of candidates; figures worked out.
 * Out: figures that were worked out before under the same setting.
 *
 * A batch is one transaction in SQLite's write-ahead journal: after a kill the file has all of a batch or nothing.
 * Writers wait for each other up to a minute. Only figures of this problem are asked for, so a run with more figures
 * works the others out and adds them. */
#include "evaluate/evaluate.h"

#ifndef RRN_HAVE_SQLITE

int32_t
rrn_cache_open(rrn_cache **ret_cache, const rrn_rt *rt, const char *path, rramnas_error *err)
{
  (void)ret_cache, (void)rt;
  return rrn_fail(err, RRAMNAS_ERR_UNSUPPORTED, "%.300s: this build is without libsqlite3", path);
}

void
rrn_cache_close(rrn_cache *cache)
{
  (void)cache;
}

int32_t
rrn_cache_prepare(rrn_cache *cache, rrn_fingerprint settings, const char *const *names, size_t n, rramnas_error *err)
{
  (void)cache, (void)settings, (void)names, (void)n, (void)err;
  return RRAMNAS_ERR_UNSUPPORTED;
}

int32_t
rrn_cache_get(rrn_cache *cache, rrn_fingerprint candidate, double *ret_values, double *ret_shortfall,
              rramnas_error *err)
{
  (void)cache, (void)candidate, (void)ret_values, (void)ret_shortfall, (void)err;
  return RRAMNAS_ERR_UNSUPPORTED;
}

int32_t
rrn_cache_put(rrn_cache *cache, const rrn_space *space, const double *genomes, const double *values,
              const double *shortfalls, size_t n, rramnas_error *err)
{
  (void)cache, (void)space, (void)genomes, (void)values, (void)shortfalls, (void)n, (void)err;
  return RRAMNAS_ERR_UNSUPPORTED;
}

#else

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <sqlite3.h>

enum { APPLICATION_ID = 0x52524e43, FORMAT = 1, WAIT_MS = 60000, HEX = 33 };

struct rrn_cache {
  const rrn_rt *rt;
  sqlite3 *db;
  sqlite3_stmt *get_candidate, *get_figure, *put_candidate, *put_figure;
  sqlite3_int64 setting;
  const char *const *names; /* [n] */
  size_t n;
  const char *path;         /* ours */
};

typedef struct text {
  const rrn_rt *rt;
  char *data;
  size_t n, cap;
} text;

static int32_t
fail_db(const rrn_cache *c, rramnas_error *err)
{
  const int code = sqlite3_errcode(c->db);

  return code == SQLITE_NOMEM ? rrn_fail_memory(err)
                              : rrn_fail(err, RRAMNAS_ERR_IO, "%.300s: %.200s", c->path, sqlite3_errmsg(c->db));
}

static int32_t
run_sql(const rrn_cache *c, const char *sql, rramnas_error *err)
{
  return sqlite3_exec(c->db, sql, NULL, NULL, NULL) == SQLITE_OK ? RRAMNAS_OK : fail_db(c, err);
}

static int32_t
pragma(const rrn_cache *c, const char *sql, int64_t *ret_value, rramnas_error *err)
{
  sqlite3_stmt *q = NULL;
  int32_t status = RRAMNAS_OK;

  if (sqlite3_prepare_v2(c->db, sql, -1, &q, NULL) != SQLITE_OK || sqlite3_step(q) != SQLITE_ROW)
    status = fail_db(c, err);
  else
    *ret_value = sqlite3_column_int64(q, 0);
  sqlite3_finalize(q);
  return status;
}

/* SQLite takes a text of one byte for an empty database, and calls a longer one by many names. Read by its own file
 * handle: another one, when closed, would take the locks away that this process has on the file. */
static int32_t
check_head(const rrn_cache *c, rramnas_error *err)
{
  static const char magic[16] = "SQLite format 3", nothing[16];
  char head[16] = "";
  sqlite3_file *file = NULL;
  int code;

  if (sqlite3_file_control(c->db, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK || !file || !file->pMethods)
    return RRAMNAS_OK;
  code = file->pMethods->xRead(file, head, sizeof(head), 0); /* what is not there is 0 */
  if (memcmp(head, magic, sizeof(head)) == 0 ||
      (code == SQLITE_IOERR_SHORT_READ && memcmp(head, nothing, sizeof(head)) == 0))
    return RRAMNAS_OK;
  return rrn_fail(err, RRAMNAS_ERR_IO, "%.300s: file is not a database", c->path);
}

/* An empty file becomes ours; any other must be. */
static int32_t
claim(const rrn_cache *c, rramnas_error *err)
{
  static const char tables[] =
    "CREATE TABLE IF NOT EXISTS setting (number INTEGER PRIMARY KEY, digest TEXT UNIQUE NOT NULL);"
    "CREATE TABLE IF NOT EXISTS candidate (setting INTEGER NOT NULL, fingerprint TEXT NOT NULL, genome TEXT NOT NULL,"
    " shortfall REAL NOT NULL, PRIMARY KEY (setting, fingerprint)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS figure (setting INTEGER NOT NULL, fingerprint TEXT NOT NULL, name TEXT NOT NULL,"
    " value REAL, PRIMARY KEY (setting, fingerprint, name)) WITHOUT ROWID;"
    "PRAGMA application_id = 1381125699; PRAGMA user_version = 1; COMMIT";
  int64_t id = 0, version = 0, count = 0;

  RRN_TRY(run_sql(c, "BEGIN IMMEDIATE", err));
  RRN_TRY(check_head(c, err));
  RRN_TRY(pragma(c, "PRAGMA application_id", &id, err));
  RRN_TRY(pragma(c, "PRAGMA user_version", &version, err));
  RRN_TRY(pragma(c, "SELECT count(*) FROM sqlite_master", &count, err));
  RRN_FAIL_IF(id != APPLICATION_ID && (id != 0 || version != 0 || count > 0), err, RRAMNAS_ERR_IO,
              "%.300s: is a database of another program", c->path);
  RRN_FAIL_IF(id == APPLICATION_ID && version != FORMAT, err, RRAMNAS_ERR_IO,
              "%.300s: is a cache of format %" PRId64 ", expected %d", c->path, version, (int)FORMAT);
  return run_sql(c, tables, err);
}

static int32_t
set_up(rrn_cache *c, rramnas_error *err)
{
  int32_t status;

  sqlite3_busy_timeout(c->db, WAIT_MS);
  status = claim(c, err);
  if (status < 0) {
    sqlite3_exec(c->db, "ROLLBACK", NULL, NULL, NULL);
    return status;
  }
  /* Not before the file is known to be ours. Where this mode cannot be had the other journal serves. */
  sqlite3_exec(c->db, "PRAGMA journal_mode = WAL", NULL, NULL, NULL);
  return run_sql(c, "PRAGMA synchronous = NORMAL", err);
}

int32_t
rrn_cache_open(rrn_cache **ret_cache, const rrn_rt *rt, const char *path, rramnas_error *err)
{
  rrn_cache *c = rrn_calloc(rt, 1, sizeof(*c));
  char *copy = rrn_alloc(rt, strlen(path) + 1, 1);
  int32_t status = RRAMNAS_OK;

  if (!c || !copy) {
    rrn_free(rt, c);
    rrn_free(rt, copy);
    return rrn_fail_memory(err);
  }
  memcpy(copy, path, strlen(path) + 1);
  c->rt = rt;
  c->path = copy;
  if (sqlite3_open_v2(path, &c->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
    status = c->db ? fail_db(c, err) : rrn_fail_memory(err);
  else
    status = set_up(c, err);
  if (status < 0)
    rrn_cache_close(c);
  else
    *ret_cache = c;
  return status;
}

void
rrn_cache_close(rrn_cache *c)
{
  if (!c)
    return;
  sqlite3_finalize(c->get_candidate);
  sqlite3_finalize(c->get_figure);
  sqlite3_finalize(c->put_candidate);
  sqlite3_finalize(c->put_figure);
  sqlite3_close(c->db);
  rrn_free(c->rt, (void *)(uintptr_t)c->path);
  rrn_free(c->rt, c);
}

static void
hex_of(rrn_fingerprint f, char hex[HEX])
{
  snprintf(hex, HEX, "%016" PRIx64 "%016" PRIx64, f.high, f.low);
}

static int32_t
find_setting(rrn_cache *c, rrn_fingerprint settings, rramnas_error *err)
{
  sqlite3_stmt *q = NULL;
  char hex[HEX];
  int code;

  hex_of(settings, hex);
  code = sqlite3_prepare_v2(c->db, "INSERT OR IGNORE INTO setting (digest) VALUES (?1)", -1, &q, NULL);
  code = code == SQLITE_OK ? sqlite3_bind_text(q, 1, hex, -1, SQLITE_TRANSIENT) : code;
  code = code == SQLITE_OK ? sqlite3_step(q) : code;
  sqlite3_finalize(q);
  if (code != SQLITE_DONE)
    return fail_db(c, err);
  code = sqlite3_prepare_v2(c->db, "SELECT number FROM setting WHERE digest = ?1", -1, &q, NULL);
  code = code == SQLITE_OK ? sqlite3_bind_text(q, 1, hex, -1, SQLITE_TRANSIENT) : code;
  code = code == SQLITE_OK ? sqlite3_step(q) : code;
  if (code == SQLITE_ROW)
    c->setting = sqlite3_column_int64(q, 0);
  sqlite3_finalize(q);
  return code == SQLITE_ROW ? RRAMNAS_OK : fail_db(c, err);
}

static int32_t
prepare(rrn_cache *c, const char *sql, sqlite3_stmt **ret, rramnas_error *err)
{
  sqlite3_finalize(*ret);
  *ret = NULL;
  if (sqlite3_prepare_v2(c->db, sql, -1, ret, NULL) != SQLITE_OK ||
      sqlite3_bind_int64(*ret, 1, c->setting) != SQLITE_OK)
    return fail_db(c, err);
  return RRAMNAS_OK;
}

int32_t
rrn_cache_prepare(rrn_cache *c, rrn_fingerprint settings, const char *const *names, size_t n, rramnas_error *err)
{
  c->names = names;
  c->n = n;
  RRN_TRY(find_setting(c, settings, err));
  RRN_TRY(prepare(c, "SELECT shortfall FROM candidate WHERE setting = ?1 AND fingerprint = ?2", &c->get_candidate, err));
  RRN_TRY(prepare(c, "SELECT value FROM figure WHERE setting = ?1 AND fingerprint = ?2 AND name = ?3", &c->get_figure,
                  err));
  RRN_TRY(prepare(c, "INSERT OR REPLACE INTO candidate VALUES (?1, ?2, ?3, ?4)", &c->put_candidate, err));
  return prepare(c, "INSERT OR REPLACE INTO figure VALUES (?1, ?2, ?3, ?4)", &c->put_figure, err);
}

/* 1 = a row stands behind the statement, which the caller resets. */
static int32_t
step(rrn_cache *c, sqlite3_stmt *q, rramnas_error *err)
{
  const int code = sqlite3_step(q);

  return code == SQLITE_ROW ? 1 : code == SQLITE_DONE ? 0 : fail_db(c, err);
}

static int32_t
get_figure(rrn_cache *c, const char *hex, const char *name, double *ret_value, rramnas_error *err)
{
  int32_t status;

  sqlite3_bind_text(c->get_figure, 2, hex, -1, SQLITE_STATIC);
  sqlite3_bind_text(c->get_figure, 3, name, -1, SQLITE_STATIC);
  status = step(c, c->get_figure, err);
  if (status == 1)
    *ret_value = sqlite3_column_type(c->get_figure, 0) == SQLITE_NULL ? NAN : sqlite3_column_double(c->get_figure, 0);
  sqlite3_reset(c->get_figure);
  return status;
}

int32_t
rrn_cache_get(rrn_cache *c, rrn_fingerprint candidate, double *ret_values, double *ret_shortfall, rramnas_error *err)
{
  char hex[HEX];
  int32_t status;
  size_t j;

  hex_of(candidate, hex);
  sqlite3_bind_text(c->get_candidate, 2, hex, -1, SQLITE_STATIC);
  status = step(c, c->get_candidate, err);
  if (status == 1)
    *ret_shortfall = sqlite3_column_double(c->get_candidate, 0);
  sqlite3_reset(c->get_candidate);
  for (j = 0; j < c->n && status == 1; j++)
    status = get_figure(c, hex, c->names[j], &ret_values[j], err);
  return status;
}

static int32_t
append(void *user, const char *data, size_t length)
{
  text *t = user;

  if (length > t->cap - t->n) {
    char *grown = rrn_realloc(t->rt, t->data, 2 * t->cap + length, 1);

    if (!grown)
      return 1;
    t->data = grown;
    t->cap = 2 * t->cap + length;
  }
  memcpy(t->data + t->n, data, length);
  t->n += length;
  return 0;
}

static int32_t
put_figures(rrn_cache *c, const char *hex, const double *values, rramnas_error *err)
{
  size_t j;
  int32_t status = RRAMNAS_OK;

  for (j = 0; j < c->n && status >= 0; j++) {
    sqlite3_bind_text(c->put_figure, 2, hex, -1, SQLITE_STATIC);
    sqlite3_bind_text(c->put_figure, 3, c->names[j], -1, SQLITE_STATIC);
    if (isfinite(values[j]))
      sqlite3_bind_double(c->put_figure, 4, values[j]);
    else
      sqlite3_bind_null(c->put_figure, 4);
    status = step(c, c->put_figure, err);
    sqlite3_reset(c->put_figure);
  }
  return status;
}

static int32_t
put_one(rrn_cache *c, const rrn_space *space, text *t, const double *x, const double *values, double shortfall,
        rramnas_error *err)
{
  char hex[HEX];
  int32_t status;

  hex_of(rrn_fingerprint_of(x, space->n), hex);
  t->n = 0;
  if (rrn_space_write_candidate(space, x, append, t, NULL) < 0)
    return rrn_fail_memory(err);
  sqlite3_bind_text(c->put_candidate, 2, hex, -1, SQLITE_STATIC);
  sqlite3_bind_text(c->put_candidate, 3, t->data, (int)t->n, SQLITE_STATIC);
  sqlite3_bind_double(c->put_candidate, 4, shortfall);
  status = step(c, c->put_candidate, err);
  sqlite3_reset(c->put_candidate);
  return status < 0 ? status : put_figures(c, hex, values, err);
}

int32_t
rrn_cache_put(rrn_cache *c, const rrn_space *space, const double *genomes, const double *values,
              const double *shortfalls, size_t n, rramnas_error *err)
{
  text t = { c->rt, NULL, 0, 0 };
  int32_t status = run_sql(c, "BEGIN IMMEDIATE", err);
  size_t i;

  for (i = 0; i < n && status >= 0; i++)
    status = put_one(c, space, &t, genomes + i * space->n, values + i * c->n, shortfalls[i], err);
  if (status >= 0)
    status = run_sql(c, "COMMIT", err);
  if (status < 0)
    sqlite3_exec(c->db, "ROLLBACK", NULL, NULL, NULL);
  rrn_free(c->rt, t.data);
  return status;
}

#endif
