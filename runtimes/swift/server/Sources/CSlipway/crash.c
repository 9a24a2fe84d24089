// A fault in a function stops the thread that it happens on, not the process: others are answered to their end, and then
// the process is replaced. The handlers do no more than what is allowed in any state: one write, and waiting for ever.
#define _GNU_SOURCE
#include "slipway.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { ALTERNATE_STACK = 64 * 1024 };

static int crashes = -1;
static void *(*find_invocation)(void);
static _Thread_local void *current;
static _Thread_local bool is_server;

void *slipway_current(void) { return current; }

void slipway_set_current(void *invocation) { current = invocation; }

void slipway_begin_thread(bool is_servers) {
  is_server = is_servers;
  // A stack that has run over can't take the handler.
  void *memory = mmap(NULL, ALTERNATE_STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return;
  stack_t stack = {.ss_sp = memory, .ss_size = ALTERNATE_STACK};
  sigaltstack(&stack, NULL);
}

static _Noreturn void stop_here(void) {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, NULL);
  for (;;) pause();
}

// Whether this thread's code is the function's.
static bool is_functions(void) { return crashes >= 0 && (current != NULL || !is_server); }

static _Noreturn void stop_and_tell(int signal, int code) {
  // Should the search fail in turn, it is not made again.
  static _Thread_local bool is_telling;
  void *invocation = current;
  if (invocation == NULL && !is_telling) {
    is_telling = true;
    invocation = find_invocation();
  }
  struct slipway_crash crash = {.invocation = invocation, .signal = signal, .code = code};
  syscall(SYS_write, crashes, &crash, sizeof crash);
  stop_here();
}

static void on_fault(int signal_number) {
  if (is_functions()) stop_and_tell(signal_number, 0);
  signal(signal_number, SIG_DFL);
  raise(signal_number);
}

static void on_park(int signal_number) {
  (void)signal_number;
  stop_here();
}

void slipway_catch_crashes(int descriptor, void *(*find)(void)) {
  find_invocation = find;
  crashes = descriptor;
  struct sigaction action = {.sa_handler = on_fault, .sa_flags = SA_ONSTACK | SA_NODEFER};
  const int faults[] = {SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGFPE, SIGABRT};
  for (size_t index = 0; index < sizeof faults / sizeof *faults; index += 1) sigaction(faults[index], &action, NULL);
  action.sa_handler = on_park;
  sigaction(slipway_signal(3), &action, NULL);
}

void slipway_park(pid_t thread) { syscall(SYS_tgkill, getpid(), thread, slipway_signal(3)); }

// In the C library's place: a function that ends the process would end its neighbours.
_Noreturn void exit(int code) {
  if (is_functions()) stop_and_tell(0, code);
  slipway_end(code);
}

_Noreturn void _exit(int code) { exit(code); }
_Noreturn void _Exit(int code) { exit(code); }
_Noreturn void quick_exit(int code) { exit(code); }
