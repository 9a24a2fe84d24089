/* Process 1 with processes that only say what they are to say. */
#include "../../native/supervisor.c"

enum { WAIT_MS = 5000 };

/* Those that were started, for all to see. */
static struct {
  int count;
  pid_t pids[4 * MOST_ALIVE];
} *started;

void log_text(enum level level, const char *invocation, const char *format, ...) {
  (void)level, (void)invocation, (void)format;
}

void log_to(int descriptor) { (void)descriptor; }

void guard_start(const struct serving *serving) { (void)serving; }

/* It takes connections, and holds a thread for good. */
_Noreturn void jvm_serve(const struct settings *given, const struct serving *serving, char **given_options) {
  (void)given, (void)given_options;
  started->pids[started->count++] = getpid();
  (void)!write(serving->control, (char[]){READY, RETIRING}, 2);
  for (;;) {
    pause();
  }
}

static bool comes_to(int count) {
  for (int waited = 0; waited < WAIT_MS && started->count < count; waited += 10) {
    nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
  }
  return started->count == count;
}

static int failed(const char *what) {
  fprintf(stderr, "FAIL %s\n", what);
  return 1;
}

int main(void) {
  int status;
  started = mmap(NULL, sizeof *started, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  pid_t orphan = fork();
  if (orphan == 0) {
    alarm(1);
    serve(-1, getpid());
  }
  waitpid(orphan, &status, 0);
  if (started->count != 0 || WEXITSTATUS(status) != 1) {
    return failed("a process without the one that started it ends");
  }
  pid_t first = fork();
  if (first == 0) {
    struct settings none = {0};
    _exit(supervise(&none, socket(AF_INET, SOCK_STREAM, 0), NULL));
  }
  bool is_full = comes_to(MOST_ALIVE);
  kill(started->pids[0], SIGKILL);
  bool goes_on = comes_to(MOST_ALIVE + 1);
  kill(first, SIGTERM);
  waitpid(first, &status, 0);
  if (!is_full || !goes_on) {
    return failed("what retires while there is no room is replaced as soon as there is");
  }
  puts("supervisor: OK");
  return 0;
}
