import 'dart:io';

import 'package:slipway_server/src/native.dart';

import 'check.dart';

void main() {
  test("a process's memory is its own, and what it starts is as usual", () {
    bool succeeds(String command) => Process.runSync('sh', ['-c', command]).exitCode == 0;
    hideMemory();
    for (final name in ['environ', 'maps', 'mem', 'fd/0']) {
      expect(succeeds('test -e /proc/$pid && : </proc/$pid/$name'), false);
    }
    expect(succeeds(r': </proc/$$/environ'), true);
    expect(File('/proc/self/environ').existsSync(), true);
  });
}
