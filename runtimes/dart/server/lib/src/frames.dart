/// The frames between the server and a function process; runtimes/FRAMES.md says what each kind carries.
library;

import 'dart:convert';
import 'dart:typed_data';

abstract final class Kind {
  static const invoke = 1;
  static const cancel = 2;
  static const ping = 3;
  static const drain = 4;
  static const ready = 16;
  static const failed = 17;
  static const answer = 18;
  static const refuse = 19;
  static const log = 20;
  static const pong = 21;
  static const trace = 22;
}

/// The number of a ping that asks for a sign of life, and that of a mark, whose pong has no hurry.
abstract final class Asks {
  static const life = 0;
  static const mark = 1;
}

/// Where a frame's own bytes begin.
const frameStart = 9;

/// A frame whose `length` bytes are to be filled in from [frameStart] on.
Uint8List newFrame(int kind, int number, int length, {int following = 0}) {
  final frame = Uint8List(frameStart + length);
  _putWord(frame, 0, length + following);
  frame[4] = kind;
  _putWord(frame, 5, number);
  return frame;
}

/// A frame that carries text.
Uint8List textFrame(int kind, int number, String text) {
  final bytes = utf8.encode(text);
  return newFrame(kind, number, bytes.length)..setAll(frameStart, bytes);
}

void _putWord(Uint8List bytes, int at, int value) {
  bytes[at] = value >> 24;
  bytes[at + 1] = value >> 16;
  bytes[at + 2] = value >> 8;
  bytes[at + 3] = value;
}

int _word(Uint8List bytes, int at) =>
    bytes[at] << 24 | bytes[at + 1] << 16 | bytes[at + 2] << 8 | bytes[at + 3];

/// Writes the members of a frame one after the other.
final class FrameWriter {
  FrameWriter(this._bytes) : _data = ByteData.sublistView(_bytes);

  final Uint8List _bytes;
  final ByteData _data;
  int _at = frameStart;

  void byte(int value) => _bytes[_at++] = value;

  void short(int value) {
    _data.setUint16(_at, value);
    _at += 2;
  }

  void word(int value) {
    _putWord(_bytes, _at, value);
    _at += 4;
  }

  void number(double value) {
    _data.setFloat64(_at, value);
    _at += 8;
  }

  void ascii(String text) {
    for (var index = 0; index < text.length; index += 1) {
      _bytes[_at++] = text.codeUnitAt(index);
    }
  }

  void bytes(List<int> bytes) {
    _bytes.setRange(_at, _at + bytes.length, bytes);
    _at += bytes.length;
  }
}

/// Reads the members of a frame one after the other.
final class FrameBytes {
  FrameBytes(this._bytes) : _data = ByteData.sublistView(_bytes);

  final Uint8List _bytes;
  final ByteData _data;
  int _at = 0;

  int byte() => _bytes[_at++];

  int short() {
    _at += 2;
    return _data.getUint16(_at - 2);
  }

  int word() {
    _at += 4;
    return _word(_bytes, _at - 4);
  }

  double number() {
    _at += 8;
    return _data.getFloat64(_at - 8);
  }

  String ascii(int length) => String.fromCharCodes(bytes(length));

  Uint8List bytes(int length) {
    _at += length;
    return Uint8List.sublistView(_bytes, _at - length, _at);
  }

  Uint8List rest() => Uint8List.sublistView(_bytes, _at);

  String restAsText() => const Utf8Decoder(allowMalformed: true).convert(_bytes, _at);
}

/// Cuts a stream into frames. The bytes that are taken may share memory with the chunk that was read.
final class FrameReader {
  FrameReader(this._take);

  final void Function(int kind, int number, Uint8List bytes) _take;

  /// A frame of which some is missing: a buffer of its size, or less than a frame's head.
  Uint8List? _partial;
  int _filled = 0;

  void add(Uint8List chunk) {
    var at = 0;
    while (at < chunk.length) {
      final partial = _partial;
      if (partial == null) {
        final left = chunk.length - at;
        final length = left < frameStart ? 0 : frameStart + _word(chunk, at);
        if (left >= frameStart && left >= length) {
          _emit(chunk, at, length);
          at += length;
          continue;
        }
        _partial = Uint8List(length == 0 ? frameStart : length)..setRange(0, left, chunk, at);
        _filled = left;
        return;
      }
      final taken = _min(partial.length - _filled, chunk.length - at);
      partial.setRange(_filled, _filled + taken, chunk, at);
      _filled += taken;
      at += taken;
      if (_filled < partial.length) return;
      final length = frameStart + _word(partial, 0);
      if (length > partial.length) {
        _partial = Uint8List(length)..setRange(0, _filled, partial);
      } else {
        _partial = null;
        _emit(partial, 0, length);
      }
    }
  }

  void _emit(Uint8List bytes, int at, int length) =>
      _take(bytes[at + 4], _word(bytes, at + 5), Uint8List.sublistView(bytes, at + frameStart, at + length));

  static int _min(int a, int b) => a < b ? a : b;
}
