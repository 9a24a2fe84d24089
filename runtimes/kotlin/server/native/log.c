/* Lines of the log. Several processes write them, so whole lines are written under a lock that outlives its holder. */
#include "slipway.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { REPLACEMENT_BYTES = 3 };

static pthread_mutex_t *lock;
static int output = STDOUT_FILENO;

/* Before anything is forked. */
void log_open(void) {
  lock = mmap(NULL, sizeof *lock, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (lock == MAP_FAILED) {
    abort();
  }
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
  pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  pthread_mutex_init(lock, &attributes);
}

void log_to(int descriptor) { output = descriptor; }

static void write_all(const char *bytes, size_t length) {
  while (length > 0) {
    ssize_t written = write(output, bytes, length);
    if (written < 0 && errno != EINTR) {
      return;
    }
    if (written > 0) {
      bytes += written;
      length -= (size_t)written;
    }
  }
}

/* Writes lines that are in their final form. */
void log_bytes(const char *lines, size_t length) {
  if (pthread_mutex_lock(lock) == EOWNERDEAD) {
    /* Whoever held it has ended within a line. */
    pthread_mutex_consistent(lock);
    write_all("\n", 1);
  }
  write_all(lines, length);
  pthread_mutex_unlock(lock);
}

/* How many bytes the UTF-8 character has that begins here; 0 where none does. */
static size_t utf8_length(const unsigned char *at, size_t left) {
  size_t length = *at < 0x80 ? 1 : *at < 0xc2 ? 0 : *at < 0xe0 ? 2 : *at < 0xf0 ? 3 : *at < 0xf5 ? 4 : 0;
  if (length == 0 || length > left) {
    return 0;
  }
  for (size_t index = 1; index < length; index++) {
    if ((at[index] & 0xc0) != 0x80) {
      return 0;
    }
  }
  bool wrong = (at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f) || (at[0] == 0xf0 && at[1] < 0x90) ||
               (at[0] == 0xf4 && at[1] > 0x8f);
  return wrong ? 0 : length;
}

/* A JSON string of bytes that should be UTF-8; `to` must have room for 6 times the length and 2. */
size_t json_quote(char *to, const char *from, size_t length) {
  char *end = to;
  *end++ = '"';
  for (size_t at = 0; at < length;) {
    unsigned char byte = (unsigned char)from[at];
    size_t bytes = utf8_length((const unsigned char *)from + at, length - at);
    if (bytes == 0) {
      memcpy(end, "\xef\xbf\xbd", REPLACEMENT_BYTES);
      end += REPLACEMENT_BYTES;
      bytes = 1;
    } else if (byte == '"' || byte == '\\') {
      *end++ = '\\';
      *end++ = (char)byte;
    } else if (byte < 0x20) {
      end += sprintf(end, "\\u%04x", byte);
    } else {
      memcpy(end, from + at, bytes);
      end += bytes;
    }
    at += bytes;
  }
  *end++ = '"';
  return (size_t)(end - to);
}

void log_line(enum level level, const char *invocation, const char *message, size_t length) {
  char *line = malloc(6 * length + 256);
  if (line == NULL) {
    return;
  }
  struct timespec now;
  struct tm utc;
  char when[32];
  clock_gettime(CLOCK_REALTIME, &now);
  gmtime_r(&now.tv_sec, &utc);
  strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%S", &utc);
  char *end = line;
  end += sprintf(end, "{\"time\":\"%s.%03ldZ\",\"level\":\"%s\",\"invocation\":", when, now.tv_nsec / 1000000,
                 level == INFO ? "info" : "error");
  /* An id needs no escapes. */
  end += invocation == NULL ? sprintf(end, "null") : sprintf(end, "\"%s\"", invocation);
  end += sprintf(end, ",\"message\":");
  end += json_quote(end, message, length);
  end += sprintf(end, "}\n");
  log_bytes(line, (size_t)(end - line));
  free(line);
}

void log_text(enum level level, const char *invocation, const char *format, ...) {
  char text[1024];
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  log_line(level, invocation, text, length < (int)sizeof text ? (size_t)length : sizeof text - 1);
}
