/// What test programs need: each test runs, failures are told, and the exit code says whether there were any.
library;

import 'dart:async';
import 'dart:convert';
import 'dart:io';

final _tests = <(String, FutureOr<void> Function())>[];

void test(String name, FutureOr<void> Function() body) => _tests.add((name, body));

/// Runs what [test] was called with.
Future<void> runTests() async {
  var failures = 0;
  for (final (name, body) in _tests) {
    try {
      await body();
    } on Object catch (error, stack) {
      failures += 1;
      stderr.writeln('FAIL $name\n  $error\n$stack');
    }
  }
  print('${_tests.length - failures} of ${_tests.length} passed');
  if (failures > 0) exitCode = 1;
}

/// Values are equal when they print as the same JSON, or are equal anyway.
void expect(Object? found, Object? wanted) {
  if (found == wanted || _json(found) == _json(wanted)) return;
  throw StateError('expected ${_json(wanted)}, found ${_json(found)}');
}

/// What is thrown, which must be a [T].
T expectThrows<T extends Object>(void Function() body) {
  try {
    body();
  } on T catch (error) {
    return error;
  }
  throw StateError('expected $T to be thrown, and nothing was');
}

String _json(Object? value) => jsonEncode(value, toEncodable: (other) => '$other');
