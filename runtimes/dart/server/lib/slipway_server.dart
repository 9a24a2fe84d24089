/// The Slipway runtime for Dart: a program of which one function is part.
library;

import 'src/function/main.dart';
import 'src/lifecycle.dart';

export 'src/function/main.dart' show SlipwayFunction;

/// Serves a function. The same program is the server and, started by that with other arguments, the function process.
Future<void> run(List<String> arguments, SlipwayFunction function) => switch (arguments) {
  ['function', final socketName] => runFunction(function, socketName),
  _ => serve(missing: null),
};

/// Serves the news that there is no function.
Future<void> runWithout(String missing) => serve(missing: missing);
