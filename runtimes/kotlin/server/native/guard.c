/*
 * A process of its own that shares the serving process's descriptors, not its memory. It reads what goes to the descriptors 1
 * and 2, past the function's language; and when the serving process is gone, by exit, a fatal signal or exhausted memory, its
 * connections are still open here, and are answered.
 */
#include "slipway.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { LINE_BYTES = 65536, ANSWER_BYTES = 2048, LOOK_AGAIN_MS = 10 };

/* What has come of a line whose end has not. */
struct line {
  char bytes[LINE_BYTES];
  size_t length;
};

static void take(struct line *line, enum level level, const char *bytes, size_t length) {
  for (size_t at = 0; at < length; at++) {
    bool ends = bytes[at] == '\n';
    if (!ends) {
      line->bytes[line->length++] = bytes[at];
    }
    if (ends || line->length == LINE_BYTES) {
      log_line(level, NULL, line->bytes, line->length);
      line->length = 0;
    }
  }
}

/* Whatever there is now; false where there was nothing. */
static bool take_some(int descriptor, struct line *line, enum level level) {
  char bytes[4096];
  ssize_t count = read(descriptor, bytes, sizeof bytes);
  if (count > 0) {
    take(line, level, bytes, (size_t)count);
  }
  return count > 0;
}

static const char *const MESSAGE = "the function ended its process, or another invocation did";

static void answer(int descriptor, const struct connection *connection) {
  char id[ID_BYTES + 1] = {0};
  memcpy(id, connection->id, connection->id_length <= ID_BYTES ? connection->id_length : 0);
  log_text(ERROR, id, "%s", MESSAGE);
  char error[ANSWER_BYTES / 4], body[ANSWER_BYTES / 2], quoted[ANSWER_BYTES / 2], whole[ANSWER_BYTES];
  snprintf(error, sizeof error, "{\"code\":\"function_error\",\"message\":\"%s\",\"invocation\":\"%s\"}", MESSAGE, id);
  int length = snprintf(body, sizeof body, "{\"error\":%s}", error);
  const char *head = "HTTP/1.1 500 Internal Server Error\r\nx-runtime-error: function_error\r\n";
  if (connection->flags & IN_ENVELOPE) {
    quoted[json_quote(quoted, body, (size_t)length)] = '\0';
    length = snprintf(body, sizeof body,
                      "{\"status\":500,\"headers\":{\"content-type\":[\"application/json\"]},\"body\":%s,\"encoding\":\"utf-8\","
                      "\"logs\":[],\"truncated\":false,\"error\":%s,\"duration_ms\":0}",
                      quoted, error);
    head = "HTTP/1.1 200 OK\r\n";
  }
  int size = snprintf(whole, sizeof whole,
                      "%scontent-type: application/json\r\nx-runtime-invocation-id: %s\r\ncontent-length: %d\r\n"
                      "connection: close\r\n\r\n%s",
                      head, id, length, connection->flags & TO_HEAD ? "" : body);
  (void)!send(descriptor, whole, (size_t)size, MSG_DONTWAIT | MSG_NOSIGNAL);
  shutdown(descriptor, SHUT_WR);
}

/* A process is gone when all of its threads are; before that, its parent's death signal may come too early. */
static void read_until_gone(const struct serving *serving, pid_t parent, struct line *lines) {
  int gone = (int)syscall(SYS_pidfd_open, parent, 0);
  struct pollfd watched[3] = {{.fd = serving->captured[0], .events = POLLIN},
                              {.fd = serving->captured[1], .events = POLLIN},
                              {.fd = gone, .events = POLLIN}};
  while (getppid() == parent) {
    /* Without a descriptor to wait on, which the function may have closed, it looks again and again. */
    if (poll(watched, 3, watched[2].fd < 0 ? LOOK_AGAIN_MS : -1) < 0) {
      continue;
    }
    for (int index = 0; index < 2; index++) {
      if (watched[index].revents != 0 && !take_some(watched[index].fd, &lines[index], index == 0 ? INFO : ERROR)) {
        /* Somebody closed it. */
        watched[index].fd = -1;
      }
    }
    if (watched[2].revents & POLLIN) {
      return;
    }
    if (watched[2].revents != 0) {
      watched[2].fd = -1;
    }
  }
}

_Noreturn static void guard(const struct serving *serving, pid_t parent) {
  static struct line lines[2];
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, NULL);
  prctl(PR_SET_NAME, "guard");
  read_until_gone(serving, parent, lines);
  for (int descriptor = 0; descriptor < MOST_DESCRIPTORS; descriptor++) {
    if (serving->connections[descriptor].running) {
      answer(descriptor, &serving->connections[descriptor]);
    }
  }
  for (int index = 0; index < 2; index++) {
    enum level level = index == 0 ? INFO : ERROR;
    fcntl(serving->captured[index], F_SETFL, O_NONBLOCK);
    while (take_some(serving->captured[index], &lines[index], level)) {
    }
    if (lines[index].length > 0) {
      take(&lines[index], level, "\n", 1);
    }
  }
  _exit(0);
}

/* Makes the guard of this process, which must have one thread yet. */
void guard_start(const struct serving *serving) {
  pid_t parent = getpid();
  /* Without CLONE_VM this is a fork, but for the descriptors. */
  if (syscall(SYS_clone, CLONE_FILES, NULL, NULL, NULL, 0) == 0) {
    guard(serving, parent);
  }
}
