import 'dart:async';
import 'dart:io';
import 'dart:typed_data';

import 'package:slipway/slipway.dart' show Level;
import 'package:slipway_server/src/function_process.dart';

import 'check.dart';

/// What is told of a process that prints its id, and ends.
final class _Told implements ProcessEvents {
  final pid = Completer<int>();
  final reason = Completer<String>();

  @override
  void output(FunctionProcess process, Level level, String line) => pid.complete(int.parse(line));

  @override
  void gone(FunctionProcess process, String reason) => this.reason.complete(reason);

  @override
  void loaded(FunctionProcess process) {}

  @override
  void alive(FunctionProcess process) {}

  @override
  void frame(FunctionProcess process, int kind, int number, Uint8List bytes) {}
}

void main() {
  test('a process that does not connect in time is ended', () async {
    final folder = Directory.systemTemp.createTempSync('slipway-');
    final program = File('${folder.path}/program')
      ..writeAsStringSync('#!/bin/sh\necho \$\$\nexec sleep 60\n');
    Process.runSync('chmod', ['+x', program.path]);
    final told = _Told();
    FunctionProcess(
      const {'PATH': '/usr/bin:/bin'},
      told,
      program: program.path,
      connectLimit: const Duration(seconds: 2),
    );
    final process = Directory('/proc/${await told.pid.future}');
    expect((await told.reason.future).startsWith('it could not be started: TimeoutException'), true);
    for (var wait = 0; wait < 100 && process.existsSync(); wait += 1) {
      await Future<void>.delayed(const Duration(milliseconds: 20));
    }
    expect(process.existsSync(), false);
    folder.deleteSync(recursive: true);
  });
}
