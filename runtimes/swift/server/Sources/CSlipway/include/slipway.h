// What Swift has no name for: processes that fork, signals, and the C library's output.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/types.h>

// fork(2), for a process with one thread.
pid_t slipway_fork(void);
// A process of its own that shares this one's descriptors, not its memory. 0 in the new one.
pid_t slipway_clone_guard(void);
// Ends the process at once, past what `exit` is here.
_Noreturn void slipway_end(int code);

// A pipe whose ends no program that is started inherits; with room for a burst.
bool slipway_pipe(int ends[2], bool nonblocking);
// The next connection, which doesn't block and no program that is started inherits.
int slipway_accept(int listener);
int slipway_event(void);
int slipway_epoll(void);
void slipway_name_thread(const char *name);
void slipway_name_process(const char *name);
// Has this process be sent a signal when its parent is gone.
void slipway_die_with_parent(int signal);
// Has orphans be this process's.
void slipway_adopt_orphans(void);

// Signals that stay between the runtime's own processes.
int slipway_signal(int number);
int slipway_last_signal(void);
// Blocks these signals, and only these, in this thread and those that it starts.
void slipway_block(const int *signals, size_t count);
// Waits for a blocked signal, for `milliseconds` at most (negative: without end). 0 when there was none.
int slipway_wait(const int *signals, size_t count, int64_t milliseconds, pid_t *sender);
// A descriptor from which blocked signals are read.
int slipway_signalfd(const int *signals, size_t count);

// Whose code this thread runs: an invocation's, the server's, or somebody else's.
void *slipway_current(void);
void slipway_set_current(void *invocation);
// Has a thread's faults handled on a stack of their own.
void slipway_begin_thread(bool is_server);

struct slipway_crash {
  void *invocation;
  // Of the code that failed.
  uintptr_t address;
  int32_t signal;
  int32_t code;
};
// From here on a fault, or a call of `exit`, in code that is not the server's stops the thread that it happens on, and is
// told to `descriptor` as a `slipway_crash`. `find` says whose the present task is, on a thread that runs no invocation's code;
// it is called in a signal handler.
void slipway_catch_crashes(int descriptor, void *(*find)(void));
// The name of this program's function at an address, to be freed; NULL where it doesn't keep that name.
char *slipway_name_at(uintptr_t address);
// Stops another thread for good, if it runs this invocation's code still.
void slipway_park(pid_t thread, void *invocation);
pid_t slipway_thread(void);

typedef void (*slipway_output)(bool is_error, const void *bytes, size_t count);
// Gives `output` whatever this process writes to standard output and error.
void slipway_take_output(slipway_output output);

// The main queue of libdispatch, without giving it the main thread for good.
int slipway_main_queue(void);
void slipway_drain_main_queue(void);
