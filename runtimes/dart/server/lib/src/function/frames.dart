/// The frames that a function process makes.
library;

import 'dart:convert';
import 'dart:typed_data';

import 'package:slipway/runtime.dart';

import '../contract.dart';
import '../frames.dart';

Uint8List answerFrame(int number, GoodAnswer answer) {
  final GoodAnswer(:status, :fields, :type, :body) = answer;
  final head = fields.isEmpty
      ? const <int>[]
      : _encoder.convert([
          for (final (name, value) in fields) [name, value],
        ]);
  final frame = newFrame(Kind.answer, number, 7 + head.length + body.length);
  FrameWriter(frame)
    ..short(status)
    ..byte(type.index)
    ..word(head.length)
    ..bytes(head)
    ..bytes(body);
  return frame;
}

Uint8List refusalFrame(int number, Code code, String message) {
  final text = utf8.encode(message);
  final frame = newFrame(Kind.refuse, number, 1 + code.name.length + text.length);
  FrameWriter(frame)
    ..byte(code.name.length)
    ..ascii(code.name)
    ..bytes(text);
  return frame;
}

Uint8List logFrame(int number, Level level, String message) {
  final text = utf8.encode(message);
  final frame = newFrame(Kind.log, number, 1 + text.length);
  FrameWriter(frame)
    ..byte(level.index)
    ..bytes(text);
  return frame;
}

final _encoder = JsonUtf8Encoder();
