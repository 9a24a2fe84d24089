import 'package:slipway_server/src/function/main.dart';

import 'check.dart';

final class _Mute implements Exception, StackTrace {
  const _Mute();

  @override
  String toString() => throw StateError('it has no text');
}

void main() {
  test('what an exception fails to say of itself is left out', () {
    expect(describe('why', StackTrace.fromString('where')), 'String: why\nwhere');
    const exception = "an exception that can't be printed", stack = "a stack that can't be printed";
    expect(describe(const _Mute(), StackTrace.fromString('where')), '$exception\nwhere');
    expect(describe('why', const _Mute()), 'String: why\n$stack');
  });
}
