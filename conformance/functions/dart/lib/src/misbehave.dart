/// Steps that misbehave.
library;

import 'dart:async';
import 'dart:ffi';
import 'dart:io' as io;
import 'dart:typed_data';

import 'invocation.dart';
import 'time.dart';

void raise(Step step, Invocation invocation) => throw Exception(step.want<String>('message'));

void background(Step step, Invocation invocation) {
  final message = step.want<String>('message');
  final delay = milliseconds(step.want<num>('ms'));
  unawaited(Future<void>.delayed(delay, () => throw Exception(message)));
}

void backgroundLog(Step step, Invocation invocation) {
  final message = step.want<String>('message');
  final delay = milliseconds(step.want<num>('ms'));
  unawaited(Future<void>.delayed(delay, () => invocation.req.log(message)));
}

Future<void> exit(Step step, Invocation invocation) async {
  switch (step.want<String>('how')) {
    case 'exit':
      io.exit(7);
    case 'abort':
      DynamicLibrary.process().lookupFunction<Void Function(), void Function()>('abort')();
    case 'kill':
      io.Process.killPid(io.pid, io.ProcessSignal.sigkill);
    default:
      throw step.unknown;
  }
  // A signal takes effect a moment after it was sent.
  await Future<void>.delayed(const Duration(minutes: 1));
}

void allocate(Step step, Invocation invocation) {
  final mb = step.maybe<num>('mb');
  for (var index = 0; mb == null || index < mb; index += 1) {
    invocation.held.add(Uint8List(1024 * 1024)..fillRange(0, 1024 * 1024, 1));
  }
}

/// Nothing in a compiled program can be replaced.
void patch(Step step, Invocation invocation) {}

/// The process's own environment can't be changed in Dart.
void mutate(Step step, Invocation invocation) {
  final name = step.want<String>('name');
  final value = step.want<String>('value');
  final req = invocation.req;
  req.headers[name] = value;
  req.env[name] = value;
  if (req.payload case final Map<String, Object?> payload) payload[name] = value;
}
