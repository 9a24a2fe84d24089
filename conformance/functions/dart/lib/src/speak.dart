/// Steps that speak.
library;

import 'dart:convert';
import 'dart:io';

import 'invocation.dart';

void log(Step step, Invocation invocation) {
  final message = step.want<String>('message');
  _times(step, () => invocation.req.log(message));
}

void error(Step step, Invocation invocation) {
  final message = step.want<String>('message');
  _times(step, () => invocation.req.error(message));
}

void printText(Step step, Invocation invocation) {
  final text = step.want<String>('text');
  final void Function(String text) speak = switch (step.maybe<String>('to') ?? 'out') {
    'out' => print,
    'err' => stderr.writeln,
    _ => throw step.unknown,
  };
  _times(step, () => speak(text));
}

void _times(Step step, void Function() speak) {
  final times = step.maybe<num>('times') ?? 1;
  for (var index = 0; index < times; index += 1) {
    speak();
  }
}

void flood(Step step, Invocation invocation) {
  final bytes = step.want<num>('bytes');
  final line = step.maybe<num>('line')?.toInt() ?? 100;
  final text = utf8.encode('${'x' * (line > 1 ? line - 1 : 0)}\n');
  for (var written = 0; written < bytes; written += text.length) {
    stdout.add(text);
  }
}

void bytes(Step step, Invocation invocation) {
  final bytes = base64.decode(step.want<String>('base64'));
  stdout.add([...bytes, 0x0a]);
}
