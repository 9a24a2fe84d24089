/* slipway LIBJVM OPTION...: process 1. Binds the port, and keeps a process alive that serves it. */
#include "slipway.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* While a process is replaced, callers wait here. */
enum { BACKLOG = 4096 };

static int listen_on(const struct settings *settings) {
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
  struct addrinfo *found;
  /* An IPv6 address may come in brackets. */
  char host[sizeof settings->host];
  size_t bracket = settings->host[0] == '[';
  snprintf(host, sizeof host, "%.*s", (int)(strlen(settings->host) - 2 * bracket), settings->host + bracket);
  if (getaddrinfo(host, settings->port, &hints, &found) != 0) {
    log_text(ERROR, NULL, "RUNTIME_HOST is \"%s\": an address to listen on is wanted", settings->host);
    _exit(CONFIGURATION_EXIT);
  }
  int one = 1;
  int listener = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  bool listens = listener >= 0 && setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0 &&
                 bind(listener, found->ai_addr, found->ai_addrlen) == 0 && listen(listener, BACKLOG) == 0;
  if (!listens) {
    log_text(ERROR, NULL, "%s:%s can't be listened on: %s", settings->host, settings->port, strerror(errno));
    _exit(1);
  }
  freeaddrinfo(found);
  return listener;
}

/* Takes all that the system grants, as each connection is a descriptor, up to what a guard's table holds. */
static void raise_descriptor_limit(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max < MOST_DESCRIPTORS ? limit.rlim_max : MOST_DESCRIPTORS;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
}

int main(int count, char **arguments) {
  struct settings settings;
  char problem[1024];
  log_open();
  if (count < 2) {
    log_text(ERROR, NULL, "usage: slipway LIBJVM OPTION...; launch.sh does that");
    return CONFIGURATION_EXIT;
  }
  if (!settings_read(&settings, problem, sizeof problem)) {
    log_text(ERROR, NULL, "%s", problem);
    return CONFIGURATION_EXIT;
  }
  int listener = listen_on(&settings);
  raise_descriptor_limit();
  return supervise(&settings, listener, arguments + 1);
}
