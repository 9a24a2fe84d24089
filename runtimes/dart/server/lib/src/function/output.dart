/// What the function prints natively becomes log lines of the invocation that printed it.
library;

import 'dart:async';
import 'dart:convert';
import 'dart:io';

import 'package:slipway/slipway.dart' show Level;

import '../logs.dart';

/// Puts [_speak] in the place of the process's output. It is called in the zone of whoever printed.
final class CapturedOutput extends IOOverrides {
  CapturedOutput(this._speak);

  final void Function(Level level, List<int> bytes) _speak;

  @override
  late final Stdout stdout = _CapturedStdout(super.stdout, (bytes) => _speak(Level.info, bytes));

  @override
  late final Stdout stderr = _CapturedStdout(super.stderr, (bytes) => _speak(Level.error, bytes));
}

/// The lines of one invocation that have no end yet.
final class PartialLines {
  final _parts = <Level, ({LineCutter cutter, _Emit emit})>{};

  void add(Level level, List<int> bytes, void Function(String line) emit) =>
      _part(level, emit).cutter.add(bytes);

  /// A text for standard output that ends with a line break.
  void addLine(String text, void Function(String line) emit) {
    final part = _parts[Level.info];
    if (part == null) {
      text.split('\n').forEach(emit);
    } else {
      part
        ..emit.emit = emit
        ..cutter.add(utf8.encode('$text\n'));
    }
  }

  /// Emits what was printed without a line break at its end.
  void finish(void Function(Level level, String line) emit) {
    for (final level in _parts.keys.toList()) {
      _part(level, (line) => emit(level, line)).cutter.close();
    }
    _parts.clear();
  }

  ({LineCutter cutter, _Emit emit}) _part(Level level, void Function(String line) emit) {
    final part = _parts[level] ??= () {
      final target = _Emit();
      return (cutter: LineCutter((line) => target.emit(line)), emit: target);
    }();
    part.emit.emit = emit;
    return part;
  }
}

class _Emit {
  late void Function(String line) emit;
}

/// A [Stdout] whose bytes go to a callback.
final class _CapturedStdout implements Stdout {
  _CapturedStdout(this._real, this._take);

  final Stdout _real;
  final void Function(List<int> bytes) _take;

  @override
  Encoding encoding = utf8;

  @override
  String lineTerminator = '\n';

  @override
  void add(List<int> data) => _take(data);

  @override
  void write(Object? object) => _take(encoding.encode('$object'));

  @override
  void writeln([Object? object = '']) => write('$object\n');

  @override
  void writeAll(Iterable<Object?> objects, [String separator = '']) => write(objects.join(separator));

  @override
  void writeCharCode(int charCode) => write(String.fromCharCode(charCode));

  @override
  void addError(Object error, [StackTrace? stackTrace]) =>
      Zone.current.handleUncaughtError(error, stackTrace ?? StackTrace.empty);

  @override
  Future<void> addStream(Stream<List<int>> stream) => stream.forEach(add);

  @override
  Future<void> flush() async {}

  @override
  Future<void> close() async {}

  @override
  Future<void> get done => Completer<void>().future;

  @override
  bool get hasTerminal => false;

  @override
  IOSink get nonBlocking => this;

  @override
  bool get supportsAnsiEscapes => false;

  @override
  int get terminalColumns => _real.terminalColumns;

  @override
  int get terminalLines => _real.terminalLines;
}
