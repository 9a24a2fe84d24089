/* Has the Java virtual machine in this process, rather than executed, so that secret and descriptors need not be handed over. */
#include "slipway.h"

#include <dlfcn.h>
#include <errno.h>
#include <jni.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_OPTIONS = 64, STACK_BYTES = 1 << 20 };

static const struct settings *settings;
static const struct serving *serving;
static char **options;

static jobject JNICALL connections(JNIEnv *java, jclass class) {
  (void)class;
  return (*java)->NewDirectByteBuffer(java, serving->connections, MOST_DESCRIPTORS * sizeof *serving->connections);
}

static void JNICALL write_lines(JNIEnv *java, jclass class, jbyteArray lines, jint length) {
  (void)class;
  jbyte *bytes = (*java)->GetByteArrayElements(java, lines, NULL);
  if (bytes != NULL) {
    log_bytes((const char *)bytes, (size_t)length);
    (*java)->ReleaseByteArrayElements(java, lines, bytes, JNI_ABORT);
  }
}

static void JNICALL tell(JNIEnv *java, jclass class, jint what) {
  (void)java, (void)class;
  char byte = (char)what;
  (void)!write(serving->control, &byte, 1);
}

/* Waits for what process 1 says; -1 where it says nothing any more. */
static jint JNICALL hear(JNIEnv *java, jclass class) {
  (void)java, (void)class;
  char byte;
  ssize_t count;
  while ((count = read(serving->control, &byte, 1)) < 0 && errno == EINTR) {
  }
  return count == 1 ? byte : -1;
}

static void JNICALL end(JNIEnv *java, jclass class, jint code) {
  (void)java, (void)class;
  _exit(code);
}

static bool register_natives(JNIEnv *java) {
  JNINativeMethod methods[] = {
      {"connections", "()Ljava/nio/ByteBuffer;", connections},
      {"writeLines", "([BI)V", write_lines},
      {"tell", "(I)V", tell},
      {"hear", "()I", hear},
      {"end", "(I)V", end},
  };
  jclass class = (*java)->FindClass(java, "slipway/server/Native");
  return class != NULL && (*java)->RegisterNatives(java, class, methods, sizeof methods / sizeof *methods) == 0;
}

static void call_main(JNIEnv *java) {
  const char *texts[] = {settings->host,     settings->port,        settings->timeout,
                         settings->grace,    settings->max_body,    settings->concurrency,
                         settings->development ? "development" : ""};
  enum { COUNT = sizeof texts / sizeof *texts };
  jclass string = (*java)->FindClass(java, "java/lang/String");
  jclass main = (*java)->FindClass(java, "slipway/server/MainKt");
  jmethodID method =
      main == NULL ? NULL : (*java)->GetStaticMethodID(java, main, "serve", "([Ljava/lang/String;[BI)V");
  if (method == NULL) {
    return;
  }
  jobjectArray array = (*java)->NewObjectArray(java, COUNT, string, NULL);
  for (jsize index = 0; index < COUNT; index++) {
    (*java)->SetObjectArrayElement(java, array, index, (*java)->NewStringUTF(java, texts[index]));
  }
  jsize length = (jsize)strlen(settings->secret);
  jbyteArray secret = (*java)->NewByteArray(java, length);
  (*java)->SetByteArrayRegion(java, secret, 0, length, (const jbyte *)settings->secret);
  (*java)->CallStaticVoidMethod(java, main, method, array, secret, (jint)serving->listener);
}

static void *run(void *unused) {
  JavaVMOption jvm_options[MOST_OPTIONS] = {0};
  JavaVMInitArgs arguments = {.version = JNI_VERSION_10, .options = jvm_options};
  for (char **option = options + 1; *option != NULL && arguments.nOptions < MOST_OPTIONS; option++) {
    jvm_options[arguments.nOptions++].optionString = *option;
  }
  void *library = dlopen(options[0], RTLD_NOW | RTLD_GLOBAL);
  jint (*create)(JavaVM **, void **, void *) =
      library == NULL ? NULL : (jint(*)(JavaVM **, void **, void *))dlsym(library, "JNI_CreateJavaVM");
  if (create == NULL) {
    log_text(ERROR, NULL, "the Java virtual machine can't be loaded: %s", dlerror());
    _exit(1);
  }
  JavaVM *machine;
  JNIEnv *java;
  if (create(&machine, (void **)&java, &arguments) != JNI_OK) {
    log_text(ERROR, NULL, "the Java virtual machine can't be started");
    _exit(1);
  }
  if (register_natives(java)) {
    call_main(java);
  }
  /* It serves until it ends the process itself. */
  if ((*java)->ExceptionCheck(java)) {
    (*java)->ExceptionDescribe(java);
  }
  _exit(1);
  return unused;
}

/* The first thread has to stay: the guard ends with it, and the virtual machine wants another stack than it has. */
_Noreturn void jvm_serve(const struct settings *given, const struct serving *given_serving, char **given_options) {
  settings = given;
  serving = given_serving;
  options = given_options;
  pthread_t thread;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, STACK_BYTES);
  if (pthread_create(&thread, &attributes, run, NULL) == 0) {
    pthread_join(thread, NULL);
  }
  _exit(1);
}
