import 'dart:typed_data';

import 'package:slipway_server/src/frames.dart';

import 'check.dart';

typedef _Frame = (int kind, int number, String text);

void main() {
  test('frames come out as they went in, however the stream is cut', () {
    final stream = Uint8List.fromList([
      ...textFrame(Kind.log, 7, 'hello'),
      ...newFrame(Kind.pong, 0, 0),
      ...textFrame(Kind.answer, 0xffffffff, 'é' * 300),
      ...textFrame(Kind.trace, 1, ''),
    ]);
    const wanted = [
      (Kind.log, 7, 'hello'),
      (Kind.pong, 0, ''),
      (Kind.answer, 0xffffffff, 300),
      (Kind.trace, 1, ''),
    ];
    for (final size in [1, 2, 8, 9, 10, 13, 100, stream.length]) {
      final found = <_Frame>[];
      final reader = FrameReader(
        (kind, number, bytes) => found.add((kind, number, FrameBytes(bytes).restAsText())),
      );
      for (var at = 0; at < stream.length; at += size) {
        reader.add(Uint8List.sublistView(stream, at, at + size > stream.length ? stream.length : at + size));
      }
      expect(found.length, wanted.length);
      for (var index = 0; index < wanted.length; index += 1) {
        final (kind, number, text) = wanted[index];
        expect(found[index].$1, kind);
        expect(found[index].$2, number);
        expect(found[index].$3, text is int ? 'é' * text : text);
      }
    }
  });

  test('members are read as they were written', () {
    final frame = newFrame(Kind.invoke, 3, 1 + 2 + 4 + 8 + 2 + 3);
    FrameWriter(frame)
      ..byte(255)
      ..short(65535)
      ..word(0xfffffffe)
      ..number(1.5)
      ..ascii('ab')
      ..bytes([1, 2, 3]);
    final bytes = FrameBytes(Uint8List.sublistView(frame, frameStart));
    expect(bytes.byte(), 255);
    expect(bytes.short(), 65535);
    expect(bytes.word(), 0xfffffffe);
    expect(bytes.number(), 1.5);
    expect(bytes.ascii(2), 'ab');
    expect(bytes.rest(), [1, 2, 3]);
  });

  test('a frame may announce bytes that follow it', () {
    final found = <int>[];
    FrameReader((kind, number, bytes) => found.add(bytes.length))
      ..add(newFrame(Kind.invoke, 1, 2, following: 3))
      ..add(Uint8List(3));
    expect(found, [5]);
  });
}
