#define _GNU_SOURCE
#include "slipway.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { PIPE_ROOM = 1024 * 1024 };

pid_t slipway_fork(void) { return fork(); }

pid_t slipway_clone_guard(void) {
  // Without CLONE_VM this is a fork, but for the descriptors. No signal is sent at its end: the function may wait for
  // children of its own, and must not find this one.
  return (pid_t)syscall(SYS_clone, CLONE_FILES, 0, 0, 0, 0);
}

void slipway_end(int code) {
  for (;;) syscall(SYS_exit_group, code);
}

bool slipway_pipe(int ends[2], bool nonblocking) {
  if (pipe2(ends, O_CLOEXEC | (nonblocking ? O_NONBLOCK : 0)) < 0) return false;
  fcntl(ends[1], F_SETPIPE_SZ, PIPE_ROOM);
  return true;
}

int slipway_accept(int listener) { return accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC); }

int slipway_event(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

int slipway_epoll(void) { return epoll_create1(EPOLL_CLOEXEC); }

void slipway_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }

void slipway_name_process(const char *name) { prctl(PR_SET_NAME, name); }

void slipway_die_with_parent(int signal) { prctl(PR_SET_PDEATHSIG, signal); }

void slipway_adopt_orphans(void) { prctl(PR_SET_CHILD_SUBREAPER, 1); }

int slipway_last_signal(void) { return SIGRTMAX; }

int slipway_signal(int number) { return SIGRTMIN + number; }

static sigset_t set_of(const int *signals, size_t count) {
  sigset_t set;
  sigemptyset(&set);
  for (size_t index = 0; index < count; index += 1) sigaddset(&set, signals[index]);
  return set;
}

void slipway_block(const int *signals, size_t count) {
  sigset_t set = set_of(signals, count);
  pthread_sigmask(SIG_SETMASK, &set, NULL);
}

int slipway_wait(const int *signals, size_t count, int64_t milliseconds, pid_t *sender) {
  sigset_t set = set_of(signals, count);
  siginfo_t info;
  struct timespec limit = {.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000};
  int received = sigtimedwait(&set, &info, milliseconds < 0 ? NULL : &limit);
  *sender = received > 0 ? info.si_pid : 0;
  return received > 0 ? received : 0;
}

int slipway_signalfd(const int *signals, size_t count) {
  sigset_t set = set_of(signals, count);
  return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

pid_t slipway_thread(void) {
  static _Thread_local pid_t thread;
  if (thread == 0) thread = (pid_t)syscall(SYS_gettid);
  return thread;
}

int _dispatch_get_main_queue_handle_4CF(void);
void _dispatch_main_queue_callback_4CF(void *message);

int slipway_main_queue(void) { return _dispatch_get_main_queue_handle_4CF(); }

void slipway_drain_main_queue(void) {
  uint64_t count;
  if (read(slipway_main_queue(), &count, sizeof count) > 0) _dispatch_main_queue_callback_4CF(NULL);
}
