/* Process 1 of the runtime, and what the processes that serve need of C. */
#ifndef SLIPWAY_H
#define SLIPWAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CONFIGURATION_EXIT = 78, ID_BYTES = 64, MOST_DESCRIPTORS = 65536 };

/* The environment, read once; texts as the JVM gets them. */
struct settings {
  char host[256];
  char port[8];
  char timeout[32];
  char grace[32];
  char max_body[24];
  char concurrency[8];
  bool development;
  double grace_seconds;
  char *secret;
};

/* What a guard must know of a connection, by its descriptor. Connections.kt writes it. */
struct connection {
  uint8_t running;
  uint8_t flags;
  uint8_t id_length;
  char id[ID_BYTES];
  uint8_t unused[128 - 3 - ID_BYTES];
};
enum { TO_HEAD = 1, IN_ENVELOPE = 2 };

/* What a serving process tells process 1, and hears from it. Supervisor.kt has the same. */
enum { READY = 'r', RETIRING = 'x', DRAIN = 'd', LEAVE = 'l' };

/* What a serving process is made of. */
struct serving {
  int listener;
  int control;
  int output;        /* the log: where standard output went before it was captured */
  int captured[2];   /* where to read what was written to the descriptors 1 and 2 */
  struct connection *connections;
};

/* log.c */
enum level { INFO, ERROR };
void log_open(void);
void log_to(int descriptor);
void log_line(enum level level, const char *invocation, const char *message, size_t length);
void log_text(enum level level, const char *invocation, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void log_bytes(const char *lines, size_t length);
size_t json_quote(char *to, const char *from, size_t length);

/* settings.c */
bool settings_read(struct settings *settings, char *problem, size_t size);

/* supervisor.c */
int supervise(const struct settings *settings, int listener, char **options);

/* guard.c */
void guard_start(const struct serving *serving);

/* jvm.c */
_Noreturn void jvm_serve(const struct settings *settings, const struct serving *serving, char **options);

#endif
