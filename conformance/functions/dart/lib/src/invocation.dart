import 'package:slipway/slipway.dart';

/// What the steps of one invocation share.
final class Invocation {
  Invocation(this.req, this.res);

  final Request req;
  final Response res;

  /// What was seen, to be reported.
  final seen = <String, Object?>{};

  /// Memory that is kept until the invocation ends.
  final held = <Object>[];

  /// Adds to one of the maps of [seen].
  void add(String name, String key, Object? value) {
    (seen[name] ??= <String, Object?>{}) as Map<String, Object?>;
    (seen[name]! as Map<String, Object?>)[key] = value;
  }
}

/// A step with its arguments: one of the wrong type makes the step unknown.
final class Step {
  Step(Object? step) : _arguments = step is Map<String, Object?> ? step : const {};

  final Map<String, Object?> _arguments;

  String get name => switch (_arguments['do']) {
    final String name => name,
    final other => '$other',
  };

  Exception get unknown => Exception('unknown step: $name');

  bool has(String argument) => _arguments.containsKey(argument);

  Object? any(String argument) => _arguments[argument];

  /// An argument that must be there.
  T want<T extends Object>(String argument) => maybe<T>(argument) ?? (throw unknown);

  /// An argument that may be missing.
  T? maybe<T extends Object>(String argument) {
    if (!has(argument)) return null;
    final value = _arguments[argument];
    return value is T ? value : throw unknown;
  }
}
