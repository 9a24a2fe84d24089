/*
 * Forks the process that serves, and another one when that one ends or retires. It stays single-threaded and runs no
 * function code. A fork without exec hands the secret on in memory only. Callers wait in the socket's backlog meanwhile.
 */
#include "slipway.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
  MOST_ALIVE = 16,
  /* So many processes in a row that never took a connection are a failure of the server. */
  MOST_FAILED_STARTS = 3,
  GUARDS_WAIT_MS = 250,
  /* What a serving process gets beyond the grace period to end itself. */
  LAST_WAIT_MS = 2000,
};

struct process {
  pid_t pid;
  int control;
  bool is_ready;
};

static struct process alive[MOST_ALIVE];
static size_t alive_count;
static pid_t current;
static int failed_starts;
static bool announced;
/* Another process is wanted as soon as there is room for it. */
static bool is_wanted;
static bool is_ending;
static int64_t ends_at;

static const struct settings *settings;
static int listener;
static char **options;
static int signals;

static int64_t milliseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void tell(const struct process *process, char what) {
  /* One that has ended doesn't hear it. */
  (void)!send(process->control, &what, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* In the child: what it prints is captured, and its end is seen by a guard. */
_Noreturn static void serve(int control, pid_t parent) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  close(signals);
  for (size_t index = 0; index < alive_count; index++) {
    close(alive[index].control);
  }
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  /* Process 1 may have ended before. Who outlived it would hold its port. */
  if (getppid() != parent) {
    _exit(1);
  }
  struct serving serving = {.listener = listener, .control = control};
  serving.output = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
  for (int index = 0; index < 2; index++) {
    int ends[2];
    if (serving.output < 0 || pipe2(ends, O_CLOEXEC) != 0) {
      _exit(1);
    }
    dup2(ends[1], STDOUT_FILENO + index);
    close(ends[1]);
    serving.captured[index] = ends[0];
  }
  log_to(serving.output);
  serving.connections = mmap(NULL, MOST_DESCRIPTORS * sizeof *serving.connections, PROT_READ | PROT_WRITE,
                             MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (serving.connections == MAP_FAILED) {
    _exit(1);
  }
  guard_start(&serving);
  jvm_serve(settings, &serving, options);
}

/* Has a process serve, which takes the place of the current one when it is ready. */
static void start(void) {
  int ends[2];
  is_wanted = alive_count == MOST_ALIVE;
  if (is_ending || is_wanted) {
    return;
  }
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    log_text(ERROR, NULL, "no process could be started: %s", strerror(errno));
    failed_starts = MOST_FAILED_STARTS;
    return;
  }
  pid_t parent = getpid();
  pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    serve(ends[1], parent);
  }
  close(ends[1]);
  if (child < 0) {
    close(ends[0]);
    log_text(ERROR, NULL, "no process could be forked: %s", strerror(errno));
    failed_starts = MOST_FAILED_STARTS;
    return;
  }
  alive[alive_count++] = (struct process){.pid = child, .control = ends[0]};
  current = child;
}

static void take_ready(struct process *process) {
  process->is_ready = true;
  failed_starts = 0;
  if (!announced) {
    announced = true;
    log_text(INFO, NULL, "listening on %s:%s", settings->host, settings->port);
  }
  /* Those before it take no more connections. */
  for (size_t index = 0; index < alive_count; index++) {
    if (alive[index].pid != process->pid) {
      tell(&alive[index], LEAVE);
    }
  }
}

static void hear(struct process *process) {
  char what;
  if (recv(process->control, &what, 1, MSG_DONTWAIT) != 1) {
    return;
  }
  if (what == READY && process->pid == current) {
    take_ready(process);
  } else if (what == RETIRING && process->pid == current) {
    start();
  }
}

static void describe(int status, char *to, size_t size) {
  if (WIFSIGNALED(status)) {
    snprintf(to, size, "was ended by signal %d", WTERMSIG(status));
  } else {
    snprintf(to, size, "ended with exit code %d", WEXITSTATUS(status));
  }
}

static void forget(pid_t pid, int status) {
  for (size_t index = 0; index < alive_count; index++) {
    if (alive[index].pid != pid) {
      continue;
    }
    bool was_ready = alive[index].is_ready;
    close(alive[index].control);
    alive[index] = alive[--alive_count];
    if (is_ending) {
      return;
    }
    if (pid != current) {
      if (is_wanted) {
        start();
      }
      return;
    }
    failed_starts += !was_ready;
    if (failed_starts < MOST_FAILED_STARTS) {
      start();
    }
    char how[64];
    describe(status, how, sizeof how);
    log_text(ERROR, NULL, "the function's process %s: another one was started", how);
    return;
  }
}

static void reap(void) {
  int status;
  pid_t pid;
  while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
    forget(pid, status);
  }
}

static void drain(void) {
  if (is_ending) {
    return;
  }
  is_ending = true;
  ends_at = milliseconds() + (int64_t)(settings->grace_seconds * 1000) + LAST_WAIT_MS;
  /* In the processes that share it too, at once. */
  shutdown(listener, SHUT_RDWR);
  close(listener);
  for (size_t index = 0; index < alive_count; index++) {
    tell(&alive[index], DRAIN);
  }
}

static void end_overdue(void) {
  for (size_t index = 0; index < alive_count; index++) {
    kill(alive[index].pid, SIGKILL);
  }
}

/* Guards end right after their processes, and hold the port until then. Other orphans may stay for as long as they like. */
static void wait_for_guards(void) {
  int64_t end = milliseconds() + GUARDS_WAIT_MS;
  while (waitpid(-1, NULL, WNOHANG) >= 0 && milliseconds() < end) {
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
  }
}

static void wait_for_event(void) {
  struct pollfd watched[MOST_ALIVE + 1] = {{.fd = signals, .events = POLLIN}};
  size_t count = alive_count;
  for (size_t index = 0; index < count; index++) {
    watched[index + 1] = (struct pollfd){.fd = alive[index].control, .events = POLLIN};
  }
  int64_t left = is_ending ? ends_at - milliseconds() : -1;
  if (is_ending && left <= 0) {
    end_overdue();
    left = 100;
  }
  if (poll(watched, count + 1, (int)left) <= 0) {
    return;
  }
  for (size_t index = 0; index < count; index++) {
    if (watched[index + 1].revents & POLLIN) {
      hear(&alive[index]);
    }
  }
  struct signalfd_siginfo received;
  if ((watched[0].revents & POLLIN) && read(signals, &received, sizeof received) == sizeof received) {
    if (received.ssi_signo == SIGCHLD) {
      reap();
    } else {
      drain();
    }
  }
}

int supervise(const struct settings *given, int listens, char **jvm_options) {
  settings = given;
  listener = listens;
  options = jvm_options;
  /* Process 1 gets orphans anyway. */
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  sigset_t waited;
  sigemptyset(&waited);
  sigaddset(&waited, SIGTERM);
  sigaddset(&waited, SIGINT);
  sigaddset(&waited, SIGCHLD);
  sigprocmask(SIG_BLOCK, &waited, NULL);
  signals = signalfd(-1, &waited, SFD_CLOEXEC | SFD_NONBLOCK);
  start();
  while (!(is_ending && alive_count == 0) && failed_starts < MOST_FAILED_STARTS) {
    wait_for_event();
  }
  if (failed_starts >= MOST_FAILED_STARTS) {
    log_text(ERROR, NULL, "the server ended %d times before it took a connection", failed_starts);
    return 1;
  }
  wait_for_guards();
  return 0;
}
