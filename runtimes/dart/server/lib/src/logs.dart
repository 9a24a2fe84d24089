/// Log lines on standard output.
library;

import 'dart:async';
import 'dart:collection';
import 'dart:convert';
import 'dart:io';
import 'dart:math';
import 'dart:typed_data';

import 'package:slipway/slipway.dart' show Level;

import 'contract.dart';

/// Writes lines in the order they come, and never waits for whoever reads them.
final class Log {
  Log(this._sink) {
    // Nobody reads the log any more: serving goes on.
    _sink.done.ignore();
  }

  /// A reader of the log that is slower than the function must not block the server or take its memory.
  static const _backlogCharacters = 64 * 1024 * 1024;

  final IOSink _sink;
  var _waiting = StringBuffer();
  bool _writing = false;
  int _dropped = 0;
  int _millisecond = 0;
  String _time = '';

  /// Writes one line and returns the time that it carries.
  String write(Level level, String? invocation, String message, [String? trace]) {
    final time = _now();
    if (_waiting.length > _backlogCharacters) {
      _dropped += 1;
      return time;
    }
    if (_dropped > 0) {
      final count = _dropped;
      _dropped = 0;
      write(Level.error, null, '$count log lines were dropped: whoever reads the log is too slow');
    }
    // Ids and traces hold nothing that JSON would escape.
    _waiting
      ..write('{"time":"$time","level":"${level.name}","invocation":')
      ..write(invocation == null ? 'null' : '"$invocation"')
      ..write(',"message":')
      ..write(jsonEncode(message))
      ..write(trace == null ? '}\n' : ',"trace_id":"$trace"}\n');
    if (!_writing) unawaited(_write());
    return time;
  }

  /// Completes when everything is written, or when nobody takes it within the limit.
  Future<void> flush(Duration limit) async {
    final end = DateTime.now().add(limit);
    while ((_writing || _waiting.isNotEmpty) && DateTime.now().isBefore(end)) {
      await Future<void>.delayed(const Duration(milliseconds: 2));
    }
  }

  String _now() {
    final now = DateTime.now().millisecondsSinceEpoch;
    if (now != _millisecond) {
      _millisecond = now;
      _time = DateTime.fromMillisecondsSinceEpoch(now, isUtc: true).toIso8601String();
    }
    return _time;
  }

  Future<void> _write() async {
    _writing = true;
    try {
      while (_waiting.isNotEmpty) {
        // What else is written in this turn goes along.
        await Future<void>.delayed(Duration.zero);
        final text = _waiting.toString();
        _waiting = StringBuffer();
        _sink.add(utf8.encode(text));
        await _sink.flush();
      }
    } on Object {
      _waiting.clear();
    } finally {
      _writing = false;
    }
  }
}

/// Cuts a stream of bytes into lines. Invalid UTF-8 is replaced, and a line that doesn't end is cut.
final class LineCutter {
  LineCutter(this._emit);

  final void Function(String line) _emit;
  final _rest = BytesBuilder();

  void add(List<int> bytes) {
    var start = 0;
    while (true) {
      final end = bytes.indexOf(0x0a, start);
      if (end < 0) break;
      if (_rest.isEmpty) {
        _emit(_decode(bytes, start, end));
      } else {
        _rest.add(bytes.sublist(start, end));
        final line = _rest.takeBytes();
        _emit(_decode(line, 0, line.length));
      }
      start = end + 1;
    }
    _rest.add(start == 0 ? bytes : bytes.sublist(start));
    if (_rest.length > logMessageBytes) _cutLong();
  }

  /// Emits what came without a line break at its end.
  void close() {
    if (_rest.isEmpty) return;
    final line = _rest.takeBytes();
    _emit(_decode(line, 0, line.length));
  }

  void _cutLong() {
    final bytes = _rest.takeBytes();
    var start = 0;
    while (bytes.length - start > logMessageBytes) {
      var end = start + logMessageBytes;
      // Not within a character.
      for (var back = 0; back < 3 && bytes[end] & 0xc0 == 0x80; back += 1) {
        end -= 1;
      }
      _emit(_decode(bytes, start, end));
      start = end;
    }
    _rest.add(Uint8List.sublistView(bytes, start));
  }

  static String _decode(List<int> bytes, int start, int end) =>
      const Utf8Decoder(allowMalformed: true).convert(bytes, start, end);
}

/// A line of the result envelope.
typedef ResultLine = ({String time, Level level, String message, int size});

/// The lines of one invocation for its result envelope: the newest that fit.
final class ResultLog {
  final _lines = Queue<ResultLine>();
  int _bytes = 0;
  bool truncated = false;

  void add(String time, Level level, String message) {
    // An empty one takes room as well.
    final size = max(utf8.encode(message).length, 1);
    _lines.add((time: time, level: level, message: message, size: size));
    _bytes += size;
    while (_bytes > resultLogBytes) {
      _bytes -= _lines.removeFirst().size;
      truncated = true;
    }
  }

  List<Map<String, String>> toJson() => [
    for (final line in _lines) {'time': line.time, 'level': line.level.name, 'message': line.message},
  ];
}
