/* SPDX-License-Identifier: MIT */
/* A folder of the tests' own: made before a group of tests, gone with its files behind it. */
#ifndef RRAMNAS_TESTS_FOLDER_H
#define RRAMNAS_TESTS_FOLDER_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { FOLDER_PATH = 1024 };

static char test_folder[FOLDER_PATH / 2];

static inline int
folder_make(void **state)
{
  const char *base = getenv("TMPDIR");

  (void)state;
  snprintf(test_folder, sizeof(test_folder), "%.400s/rramnas-test-XXXXXX", base ? base : "/tmp");
  return mkdtemp(test_folder) ? 0 : -1;
}

static inline const char *
folder_path(const char *name, char path[FOLDER_PATH])
{
  snprintf(path, FOLDER_PATH, "%s/%s", test_folder, name);
  return path;
}

static inline int
folder_remove(void **state)
{
  DIR *dir = opendir(test_folder);
  const struct dirent *entry;
  char path[FOLDER_PATH];

  (void)state;
  while (dir && (entry = readdir(dir)))
    if (entry->d_name[0] != '.')
      unlink(folder_path(entry->d_name, path));
  if (dir)
    closedir(dir);
  return rmdir(test_folder);
}

#endif
