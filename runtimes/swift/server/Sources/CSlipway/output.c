// Standard output and error of this process, on their way past the C library's buffers and its `write`.
#define _GNU_SOURCE
#include "slipway.h"

#include <stdio.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static slipway_output taker;

static ssize_t take_out(void *cookie, const char *bytes, size_t count) {
  (void)cookie;
  taker(false, bytes, count);
  return (ssize_t)count;
}

static ssize_t take_error(void *cookie, const char *bytes, size_t count) {
  (void)cookie;
  taker(true, bytes, count);
  return (ssize_t)count;
}

void slipway_take_output(slipway_output output) {
  taker = output;
  FILE *out = fopencookie(NULL, "w", (cookie_io_functions_t){.write = take_out});
  FILE *error = fopencookie(NULL, "w", (cookie_io_functions_t){.write = take_error});
  if (out == NULL || error == NULL) return;
  // Whoever prints is told by the thread: nothing may wait for another one.
  setvbuf(out, NULL, _IONBF, 0);
  setvbuf(error, NULL, _IONBF, 0);
  stdout = out;
  stderr = error;
}

// In the C library's place, for all code that is linked into this program.
ssize_t write(int descriptor, const void *bytes, size_t count) {
  if (taker != NULL && (descriptor == STDOUT_FILENO || descriptor == STDERR_FILENO) && count > 0) {
    taker(descriptor == STDERR_FILENO, bytes, count);
    return (ssize_t)count;
  }
  return syscall(SYS_write, descriptor, bytes, count);
}

ssize_t writev(int descriptor, const struct iovec *parts, int count) {
  if (taker == NULL || (descriptor != STDOUT_FILENO && descriptor != STDERR_FILENO)) {
    return syscall(SYS_writev, descriptor, parts, count);
  }
  ssize_t written = 0;
  for (int index = 0; index < count; index += 1) {
    written += write(descriptor, parts[index].iov_base, parts[index].iov_len);
  }
  return written;
}
