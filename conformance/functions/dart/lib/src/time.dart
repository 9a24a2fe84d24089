/// Steps that take time.
library;

import 'dart:async';
import 'dart:convert';
import 'dart:io';

import 'invocation.dart';

Duration milliseconds(num number) => Duration(microseconds: (number * 1000).round());

Future<void> wait(Step step, Invocation invocation) => Future.delayed(milliseconds(step.want<num>('ms')));

void block(Step step, Invocation invocation) => sleep(milliseconds(step.want<num>('ms')));

void spin(Step step, Invocation invocation) {
  final limit = step.maybe<num>('ms');
  final watch = Stopwatch()..start();
  while (limit == null || watch.elapsedMilliseconds < limit) {
    try {
      jsonDecode('{}');
    } on Object {
      // Whatever is thrown in here must not end the loop.
    }
  }
}

final class _Meeting {
  int arrived = 0;
  final complete = Completer<void>();
}

final _meetings = <String, _Meeting>{};

Future<void> meet(Step step, Invocation invocation) async {
  final meeting = _meetings.putIfAbsent(step.want<String>('name'), _Meeting.new);
  final count = step.want<num>('count');
  final limit = milliseconds(step.want<num>('timeout_ms'));
  meeting.arrived += 1;
  if (meeting.arrived >= count) {
    if (!meeting.complete.isCompleted) meeting.complete.complete();
    return;
  }
  await meeting.complete.future.timeout(
    limit,
    onTimeout: () => throw Exception('meet: ${meeting.arrived} of $count'),
  );
}
