/// Launched where there is no built function: it says so to whoever asks.
library;

import 'dart:io';

import 'package:slipway_server/slipway_server.dart';

Future<void> main() {
  final env = Platform.environment;
  final build = env['FUNCTION_BUILD'] ?? '/function/build';
  final program = env['RUNTIME_ENTRYPOINT'] ?? 'function';
  return runWithout('$build/$program is no program: build the function first, and name what the build made');
}
