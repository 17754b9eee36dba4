/* SPDX-License-Identifier: MIT */
#include "util/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int32_t
fail_errno(rramnas_error *err, const char *path, const char *what, int number)
{
  char text[128] = "unknown error";

  /* The XSI strerror_r fills the buffer and is safe in threads. */
  if (strerror_r(number, text, sizeof(text)) != 0)
    strcpy(text, "unknown error");
  return rrn_fail(err, number == ENOMEM ? RRAMNAS_ERR_MEMORY : RRAMNAS_ERR_IO, "%s: cannot %s: %s", path, what, text);
}

int32_t
rrn_file_open(rrn_file *ret_file, const char *path, uint64_t limit, rramnas_error *err)
{
  struct stat st;
  int32_t status = RRAMNAS_OK;
  rrn_file file = { "", 0, NULL };
  /* Not blocking, so that opening a named pipe returns and is then refused. */
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

  if (fd < 0)
    return fail_errno(err, path, "open", errno);
  if (fstat(fd, &st) != 0)
    status = fail_errno(err, path, "stat", errno);
  else if (!S_ISREG(st.st_mode))
    status = rrn_fail(err, RRAMNAS_ERR_IO, "%s: is not a regular file", path);
  else if ((uint64_t)st.st_size > limit || (uint64_t)st.st_size > SIZE_MAX)
    status = rrn_fail(err, RRAMNAS_ERR_LIMIT, "%s: has %lld bytes, the limit is %llu", path, (long long)st.st_size,
                      (unsigned long long)limit);
  else if (st.st_size > 0) {
    file.map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (file.map == MAP_FAILED)
      status = fail_errno(err, path, "map", errno);
    file.data = file.map;
    file.size = (size_t)st.st_size;
  }
  close(fd);
  if (status == RRAMNAS_OK)
    *ret_file = file;
  return status;
}

void
rrn_file_close(rrn_file *file)
{
  if (file->map)
    munmap(file->map, file->size);
  file->map = NULL;
}

const char *
rrn_path_base(const char *path)
{
  const char *slash = strrchr(path, '/');

  return slash ? slash + 1 : path;
}

const char *
rrn_path_extension(const char *path)
{
  const char *base = rrn_path_base(path), *dot = strrchr(base, '.');

  return dot && dot != base ? dot : "";
}
