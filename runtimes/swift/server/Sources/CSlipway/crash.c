// A fault in a function stops the thread that it happens on, not the process: others are answered to their end, and then
// the process is replaced. The handlers do no more than what is allowed in any state: one write, and waiting for ever.
#define _GNU_SOURCE
#include "slipway.h"

#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <ucontext.h>
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

static _Noreturn void stop_and_tell(int signal, int code, uintptr_t address) {
  // Should the search fail in turn, it is not made again.
  static _Thread_local bool is_telling;
  void *invocation = current;
  if (invocation == NULL && !is_telling) {
    is_telling = true;
    invocation = find_invocation();
  }
  struct slipway_crash crash = {.invocation = invocation, .address = address, .signal = signal, .code = code};
  syscall(SYS_write, crashes, &crash, sizeof crash);
  stop_here();
}

static uintptr_t address_of(const ucontext_t *context) {
#if defined(__x86_64__)
  return (uintptr_t)context->uc_mcontext.gregs[REG_RIP];
#elif defined(__aarch64__)
  return (uintptr_t)context->uc_mcontext.pc;
#else
  return 0;
#endif
}

static void on_fault(int signal_number, siginfo_t *information, void *context) {
  (void)information;
  if (is_functions()) stop_and_tell(signal_number, 0, address_of(context));
  signal(signal_number, SIG_DFL);
  raise(signal_number);
}

static void on_park(int signal_number, siginfo_t *information, void *context) {
  (void)signal_number;
  (void)context;
  // A thread that has gone on to something else meanwhile is needed there.
  if (current != NULL && current == information->si_value.sival_ptr) stop_here();
}

void slipway_catch_crashes(int descriptor, void *(*find)(void)) {
  find_invocation = find;
  crashes = descriptor;
  struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_ONSTACK | SA_NODEFER | SA_SIGINFO};
  const int faults[] = {SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGFPE, SIGABRT};
  for (size_t index = 0; index < sizeof faults / sizeof *faults; index += 1) sigaction(faults[index], &action, NULL);
  action.sa_sigaction = on_park;
  sigaction(slipway_signal(3), &action, NULL);
}

// The linker's name of where this program begins in memory; the loader's lock may be held by what failed.
extern const char __ehdr_start __attribute__((visibility("hidden")));

// Of Swift's runtime: a name as the sources have it; NULL where it is none of Swift's.
char *swift_demangle(const char *name, size_t length, char *output, size_t *room, uint32_t flags);

static char *plain_name(const char *name) {
  char *plain = swift_demangle(name, strlen(name), NULL, NULL, 0);
  return plain != NULL ? plain : strdup(name);
}

char *slipway_name_at(uintptr_t address) {
  int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  if (file < 0) return NULL;
  struct stat status = {0};
  fstat(file, &status);
  size_t size = (size_t)status.st_size;
  const char *image = mmap(NULL, size, PROT_READ, MAP_PRIVATE, file, 0);
  close(file);
  if (image == MAP_FAILED) return NULL;
  uintptr_t place = address - (uintptr_t)&__ehdr_start;
  const ElfW(Ehdr) *head = (const void *)image;
  const ElfW(Shdr) *sections = (const void *)(image + head->e_shoff);
  char *name = NULL;
  for (size_t section = 0; section < head->e_shnum && name == NULL; section += 1) {
    if (sections[section].sh_type != SHT_SYMTAB) continue;
    const ElfW(Sym) *symbols = (const void *)(image + sections[section].sh_offset);
    const char *names = image + sections[sections[section].sh_link].sh_offset;
    size_t count = sections[section].sh_size / sizeof *symbols;
    for (size_t index = 0; index < count && name == NULL; index += 1) {
      // Before the beginning is far beyond the end.
      const ElfW(Sym) *symbol = &symbols[index];
      if (place - symbol->st_value < symbol->st_size) name = plain_name(names + symbol->st_name);
    }
  }
  munmap((void *)image, size);
  return name;
}

void slipway_park(pid_t thread, void *invocation) {
  siginfo_t information = {.si_signo = slipway_signal(3), .si_code = SI_QUEUE, .si_value = {.sival_ptr = invocation}};
  syscall(SYS_rt_tgsigqueueinfo, getpid(), thread, slipway_signal(3), &information);
}

// In the C library's place: a function that ends the process would end its neighbours.
_Noreturn void exit(int code) {
  if (is_functions()) stop_and_tell(0, code, 0);
  slipway_end(code);
}

_Noreturn void _exit(int code) { exit(code); }
_Noreturn void _Exit(int code) { exit(code); }
_Noreturn void quick_exit(int code) { exit(code); }
