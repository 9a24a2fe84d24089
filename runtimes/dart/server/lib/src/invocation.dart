/// One invocation, from its acceptance to its answer.
library;

import 'dart:typed_data';

import 'connection.dart';
import 'control.dart';
import 'function_process.dart';
import 'logs.dart';

final class Invocation {
  Invocation(this.id, this.exchange, this.choices, this.rawHead) : trace = choices.trace {
    if (choices.wantsResult) log = ResultLog();
  }

  final String id;
  final Exchange exchange;
  final Choices choices;

  /// Method, path, query and headers as JSON in raw mode; empty under the envelope.
  final Uint8List rawHead;

  /// The number that its frames carry.
  int number = 0;

  /// Milliseconds since 1970.
  double deadline = 0;
  final watch = Stopwatch();
  String? trace;

  /// What goes into the result envelope; null where that is not wanted.
  ResultLog? log;

  FunctionProcess? process;

  /// The body, until it is noticed that the process may have begun the invocation: another one may get it before.
  Uint8List? untaken;

  /// How many pings and marks the process was sent before it.
  int behind = 0;
}
