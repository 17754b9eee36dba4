/* SPDX-License-Identifier: MIT */
/* Files: read whole, written complete or not at all. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "accuracy_curves.h"

char *
read_text(const char *path, size_t *ret_size)
{
  enum { MOST = 1 << 22 };
  FILE *f = fopen(path, "rb");
  char *text = NULL;
  size_t n = 0;

  if (f)
    text = malloc(MOST + 1);
  if (text)
    n = fread(text, 1, MOST + 1, f);
  if (!text || ferror(f) || n > MOST) {
    complain("%s: %s", path, n > MOST ? "is larger than 4 MiB" : strerror(errno));
    free(text);
    text = NULL;
  } else {
    text[n] = '\0';
    *ret_size = n;
  }
  if (f)
    fclose(f);
  return text;
}

static int32_t
to_file(void *user, const char *data, size_t length)
{
  return fwrite(data, 1, length, user) != length;
}

static int32_t
produce(const report_source *source, FILE *f, rramnas_error *err)
{
  if (source->sweep)
    return write_sweep(source->sweep, source->report == RRAMNAS_REPORT_SVG, to_file, f) ? RRAMNAS_ERR_CALLBACK
                                                                                        : RRAMNAS_OK;
  if (source->accuracy)
    return rramnas_accuracy_write(source->accuracy->curves, source->accuracy->n, source->labels, source->report, to_file, f,
                                  err);
  if (!source->mapping)
    return rramnas_curve_write(source->points, source->n_points, source->labels, source->report, to_file, f, err);
  if (source->cost && source->measured)
    return rramnas_mapping_write_accuracy(source->mapping, source->cost, &source->measured->accuracy, source->measured->layers,
                                          source->measured->n_layers, to_file, f, err);
  if (source->cost)
    return rramnas_mapping_write_cost(source->mapping, source->report, source->cost, to_file, f, err);
  return rramnas_mapping_write(source->mapping, source->report, source->timing, to_file, f, err);
}

/* The message of a failed write says why; anything else is the library's. */
static int
write_to(FILE *f, const char *path, const report_source *source)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  int32_t status;

  errno = 0;
  status = produce(source, f, &err);
  if (status < 0 && status != RRAMNAS_ERR_CALLBACK) {
    complain_error(&err);
    return EXIT_BAD_INPUT;
  }
  if (status < 0 || fflush(f) != 0) {
    complain("%s: cannot write: %s", path, strerror(errno));
    return EXIT_BAD_INPUT;
  }
  return EXIT_DONE;
}

/* Devices and pipes cannot be replaced by renaming: they are written as they are. */
static int
write_in_place(const char *path, const report_source *source)
{
  FILE *f = fopen(path, "wb");
  int code;

  if (!f) {
    complain("%s: cannot write: %s", path, strerror(errno));
    return EXIT_BAD_INPUT;
  }
  code = write_to(f, path, source);
  if (fclose(f) != 0 && code == EXIT_DONE) {
    complain("%s: cannot write: %s", path, strerror(errno));
    return EXIT_BAD_INPUT;
  }
  return code;
}

/* The mode that a new file gets; mkstemp() gives less. */
static mode_t
usual_mode(void)
{
  const mode_t mask = umask(0);

  umask(mask);
  return 0666 & ~mask;
}

static FILE *
open_beside(const char *path, char *temporary)
{
  FILE *f = NULL;
  int fd;

  sprintf(temporary, "%s.XXXXXX", path);
  fd = mkstemp(temporary);
  if (fd >= 0)
    f = fchmod(fd, usual_mode()) == 0 ? fdopen(fd, "wb") : NULL;
  if (fd >= 0 && !f) {
    close(fd);
    unlink(temporary);
  }
  return f;
}

static int
write_beside(const char *path, char *temporary, const report_source *source)
{
  FILE *f = open_beside(path, temporary);
  int code;

  if (!f) {
    complain("%s: cannot write: %s", path, strerror(errno));
    return EXIT_BAD_INPUT;
  }
  code = write_to(f, path, source);
  if (fclose(f) != 0 && code == EXIT_DONE) {
    complain("%s: cannot write: %s", path, strerror(errno));
    code = EXIT_BAD_INPUT;
  }
  if (code == EXIT_DONE && rename(temporary, path) != 0) {
    complain("%s: cannot write: %s", path, strerror(errno));
    code = EXIT_BAD_INPUT;
  }
  if (code != EXIT_DONE)
    unlink(temporary);
  return code;
}

int
write_report(const report_source *source, const char *path)
{
  struct stat st;
  char *temporary;
  int code;

  if (strcmp(path, "-") == 0)
    return write_to(stdout, "standard output", source);
  if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
    return write_in_place(path, source);
  temporary = malloc(strlen(path) + 8);
  if (!temporary) {
    complain("out of memory");
    return EXIT_BAD_INPUT;
  }
  code = write_beside(path, temporary, source);
  free(temporary);
  return code;
}
