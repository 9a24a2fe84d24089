/// The conformance function; ../README.md says what each step does.
library;

import 'dart:convert';

import 'package:slipway/slipway.dart';

import 'src/invocation.dart';
import 'src/steps.dart';

Future<void> handle(Request req, Response res) async {
  final invocation = Invocation(req, res);
  for (final step in _programOf(req)) {
    final found = Step(step);
    final run = steps[found.name] ?? (throw found.unknown);
    await run(found, invocation);
  }
}

List<Object?> _programOf(Request req) {
  final program = switch (req) {
    Request(payload: {'steps': final steps}) => steps,
    Request(headers: {'x-conformance-steps': final steps}) => jsonDecode(steps),
    _ => [
      {'do': 'report'},
    ],
  };
  return program is List<Object?> ? program : throw Exception('the steps are no list');
}
