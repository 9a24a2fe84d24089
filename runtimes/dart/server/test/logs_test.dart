import 'dart:convert';

import 'package:slipway/slipway.dart' show Level;
import 'package:slipway_server/src/contract.dart';
import 'package:slipway_server/src/logs.dart';

import 'check.dart';

List<String> _cut(List<int> bytes, int size) {
  final lines = <String>[];
  final cutter = LineCutter(lines.add);
  for (var at = 0; at < bytes.length; at += size) {
    cutter.add(bytes.sublist(at, at + size > bytes.length ? bytes.length : at + size));
  }
  cutter.close();
  return lines;
}

void main() {
  test('lines, however the stream is cut', () {
    final bytes = [...utf8.encode('eins\n\nzwölf\n'), 0xff, 0x0a, ...utf8.encode('rest')];
    for (final size in [1, 2, 3, 100]) {
      expect(_cut(bytes, size), ['eins', '', 'zwölf', '\ufffd', 'rest']);
    }
  });

  test('a line without an end is cut, not within a character', () {
    final lines = _cut(utf8.encode('x${'é' * logMessageBytes}'), 65536);
    expect(lines.join() == 'x${'é' * logMessageBytes}', true);
    expect(lines.every((line) => utf8.encode(line).length <= logMessageBytes), true);
  });

  test('the newest lines of a result are kept', () {
    final log = ResultLog();
    for (var index = 0; index < 5; index += 1) {
      log.add('t', Level.info, '$index${'x' * (resultLogBytes ~/ 4)}');
    }
    expect(log.truncated, true);
    expect([for (final line in log.toJson()) line['message']![0]], ['2', '3', '4']);
  });

  test('empty lines of a result are not kept without end', () {
    final log = ResultLog();
    for (var index = 0; index <= resultLogBytes; index += 1) {
      log.add('t', Level.info, '');
    }
    expect([log.truncated, log.toJson().length], [true, resultLogBytes]);
  });
}
