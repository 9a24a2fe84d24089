/* The environment, read once, at start. What can't be read is refused, with a line that names the variable. */
#include "slipway.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_AT_ONCE = 4096, SECRET_BYTES = 65536 };

/* Nobody means to wait for longer, and every clock can still be added to. */
static const double LONGEST_SECONDS = 1e9;
static const double SHORTEST_SECONDS = 1e-9;

static const char *given(const char *name) {
  const char *value = getenv(name);
  return value != NULL && *value != '\0' ? value : NULL;
}

static bool are_digits(const char *text, size_t length) {
  for (size_t index = 0; index < length; index++) {
    if (!isdigit((unsigned char)text[index])) {
      return false;
    }
  }
  return length > 0;
}

static bool whole(const char *name, const char *otherwise, long most, char *to, size_t size, char *problem, size_t room) {
  const char *text = getenv(name);
  if (text == NULL) {
    snprintf(to, size, "%s", otherwise);
    return true;
  }
  errno = 0;
  long value = strtol(text, NULL, 10);
  if (!are_digits(text, strlen(text)) || errno != 0 || value < 1 || value > most) {
    snprintf(problem, room, "%s is \"%s\": a whole number from 1 to %ld is wanted", name, text, most);
    return false;
  }
  snprintf(to, size, "%ld", value);
  return true;
}

/* Digits, and a fraction where there is one; no sign, no exponent. */
static bool seconds(const char *name, const char *otherwise, char *to, size_t size, char *problem, size_t room) {
  const char *text = getenv(name);
  if (text == NULL) {
    snprintf(to, size, "%s", otherwise);
    return true;
  }
  const char *point = strchr(text, '.');
  size_t whole_length = point == NULL ? strlen(text) : (size_t)(point - text);
  bool plain = are_digits(text, whole_length) && (point == NULL || are_digits(point + 1, strlen(point + 1)));
  double value = plain ? strtod(text, NULL) : 0;
  if (value < SHORTEST_SECONDS || value > LONGEST_SECONDS || strlen(text) >= size) {
    snprintf(problem, room, "%s is \"%s\": a positive decimal number of seconds is wanted", name, text);
    return false;
  }
  snprintf(to, size, "%s", text);
  return true;
}

static char *read_all(int descriptor) {
  char *secret = calloc(1, SECRET_BYTES + 1);
  size_t length = 0;
  ssize_t count = 0;
  while (secret != NULL && length < SECRET_BYTES &&
         (count = read(descriptor, secret + length, SECRET_BYTES - length)) > 0) {
    length += (size_t)count;
  }
  if (secret == NULL || count < 0) {
    free(secret);
    return NULL;
  }
  /* One line break belongs to the file. */
  if (length > 0 && secret[length - 1] == '\n') {
    secret[--length] = '\0';
    if (length > 0 && secret[length - 1] == '\r') {
      secret[--length] = '\0';
    }
  }
  return secret;
}

/* From the descriptor that launch.sh opened, from the variable, or else from a file. */
static char *secret(char *problem, size_t room) {
  const char *descriptor = given("RUNTIME_SECRET_FD");
  const char *value = given("RUNTIME_SECRET");
  const char *path = given("RUNTIME_SECRET_FILE");
  char *found = NULL;
  if (descriptor != NULL || (value == NULL && path != NULL)) {
    int file = descriptor != NULL ? atoi(descriptor) : open(path, O_RDONLY | O_CLOEXEC);
    found = file < 0 ? NULL : read_all(file);
    int why = errno;
    if (file >= 0) {
      close(file);
    }
    if (found == NULL) {
      snprintf(problem, room, "%s can't be read: %s", descriptor != NULL ? "the secret" : "RUNTIME_SECRET_FILE",
               strerror(why));
      return NULL;
    }
  } else if (value != NULL) {
    found = strdup(value);
  }
  if (found == NULL || *found == '\0') {
    free(found);
    snprintf(problem, room, "there is no secret: set RUNTIME_SECRET, or RUNTIME_SECRET_FILE to a file that holds it");
    return NULL;
  }
  return found;
}

/* The runtime's own variables are none of the function's business. */
static void remove_own_variables(void) {
  extern char **environ;
  for (size_t index = 0; environ[index] != NULL;) {
    char *end = strchr(environ[index], '=');
    if (end == NULL || strncmp(environ[index], "RUNTIME_", strlen("RUNTIME_")) != 0) {
      index++;
      continue;
    }
    char *name = strndup(environ[index], (size_t)(end - environ[index]));
    if (name == NULL) {
      return;
    }
    unsetenv(name);
    free(name);
  }
}

bool settings_read(struct settings *to, char *problem, size_t room) {
  const char *host = given("RUNTIME_HOST");
  const char *environment = given("RUNTIME_ENV");
  char workers[8];
  snprintf(to->host, sizeof to->host, "%s", host != NULL ? host : "0.0.0.0");
  to->development = environment != NULL && strcmp(environment, "development") == 0;
  /* More processes would not be faster: one uses every core. */
  bool read = whole("RUNTIME_WORKERS", "1", 1024, workers, sizeof workers, problem, room) &&
              whole("RUNTIME_PORT", "3000", UINT16_MAX, to->port, sizeof to->port, problem, room) &&
              whole("RUNTIME_MAX_BODY", "20971520", INT32_MAX - 64, to->max_body, sizeof to->max_body, problem, room) &&
              whole("RUNTIME_CONCURRENCY", "100", MOST_AT_ONCE, to->concurrency, sizeof to->concurrency, problem, room) &&
              seconds("RUNTIME_TIMEOUT", "30", to->timeout, sizeof to->timeout, problem, room) &&
              seconds("RUNTIME_GRACE", "10", to->grace, sizeof to->grace, problem, room) &&
              (to->secret = secret(problem, room)) != NULL;
  if (read) {
    to->grace_seconds = strtod(to->grace, NULL);
    remove_own_variables();
  }
  return read;
}
