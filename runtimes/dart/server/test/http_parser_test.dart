import 'dart:convert';
import 'dart:typed_data';

import 'package:slipway_server/src/contract.dart';
import 'package:slipway_server/src/http_parser.dart';

import 'check.dart';

Uint8List _bytes(String text) => Uint8List.fromList(latin1.encode(text));

Head _parse(String text) => parseHead(_bytes(text))!.head;

Code _refused(String text) => expectThrows<ParseError>(() => parseHead(_bytes(text))).code;

void main() {
  test('the parts of a head', () {
    final head = _parse(
      'POST /p?q=1 HTTP/1.1\r\nHost: x\r\nContent-Length: 12\r\nX-Runtime-Secret: a\r\nx-other:  spaced \r\n\r\n{}',
    );
    expect(head.method, 'POST');
    expect(head.target, '/p?q=1');
    expect(head.contentLength, 12);
    expect(head.secret, 'a');
    expect(head.keepAlive, true);
    expect(
      [for (var i = 0; i < head.headerCount; i += 1) head.nameAt(i)],
      ['host', 'content-length', 'x-runtime-secret', 'x-other'],
    );
    expect(head.valueAt(3), 'spaced');
  });

  test('how much of the bytes the head takes', () {
    const head = 'GET / HTTP/1.1\r\nhost: x\r\n\r\n';
    expect(parseHead(_bytes('${head}rest'))!.length, head.length);
    for (var length = 0; length < head.length; length += 1) {
      expect(parseHead(_bytes(head.substring(0, length))), null);
    }
  });

  test('who keeps a connection', () {
    expect(_parse('GET / HTTP/1.0\r\n\r\n').keepAlive, false);
    expect(_parse('GET / HTTP/1.0\r\nconnection: Keep-Alive\r\n\r\n').keepAlive, true);
    expect(_parse('GET / HTTP/1.1\r\nconnection: x, Close\r\n\r\n').keepAlive, false);
  });

  test('a body has a length, or chunks, or neither', () {
    expect(_parse('GET / HTTP/1.1\r\n\r\n').contentLength, 0);
    expect(_parse('GET / HTTP/1.1\r\ntransfer-encoding: Chunked\r\n\r\n').contentLength, null);
  });

  test('repeated control headers match nothing', () {
    expect(_parse('GET / HTTP/1.1\r\nx-runtime-secret: a\r\nx-runtime-secret: a\r\n\r\n').secret, 'a, a');
  });

  test('what two readers may read differently is refused', () {
    for (final lines in [
      'content-length: 1\r\ncontent-length: 1',
      'content-length: +1',
      'content-length: 1, 1',
      'content-length:',
      'content-length: 1\r\ntransfer-encoding: chunked',
      'transfer-encoding: chunked\r\ntransfer-encoding: chunked',
      'transfer-encoding: gzip, chunked',
      'transfer-encoding: identity',
      'x : 1',
      'x: 1\r\n folded',
      'x: 1\ry: 2',
      'x: 1\ny: 2',
      'x: a\u0000b',
      ': nameless',
    ]) {
      expect(_refused('POST / HTTP/1.1\r\n$lines\r\n\r\n'), Code.badRequest);
    }
    for (final text in [
      'GET / HTTP/2.0\r\n\r\n',
      'GET / HTTP/1.2\r\n\r\n',
      'GET  / HTTP/1.1\r\n\r\n',
      'G{T / HTTP/1.1\r\n\r\n',
      'GET / HTTP/1.1\nhost: x\n\n',
      'GET / HTTP/1.1\nhost: x',
      'POST / HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n',
    ]) {
      expect(_refused(text), Code.badRequest);
    }
  });

  test('too much of a head is refused, complete or not', () {
    expect(_refused('GET / HTTP/1.1\r\n${'x: 1\r\n' * 101}\r\n'), Code.headersTooLarge);
    expect(_refused('GET / HTTP/1.1\r\nx: ${'y' * 16384}\r\n\r\n'), Code.headersTooLarge);
    expect(_refused('GET / HTTP/1.1\r\nx: ${'y' * 200000}'), Code.headersTooLarge);
    expect(_parse('GET / HTTP/1.1\r\n${'x: 1\r\n' * 100}\r\n').headerCount, 100);
  });

  test('chunks, however they are cut', () {
    final stream = _bytes('3;ext=1\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\ntrailer: x\r\n\r\nGET');
    for (final size in [1, 2, 5, stream.length]) {
      final decoder = ChunkedDecoder();
      final body = BytesBuilder();
      var at = 0;
      while (decoder.left < 0) {
        final end = at + size > stream.length ? stream.length : at + size;
        body.add(decoder.add(Uint8List.sublistView(stream, at, end)));
        at = end;
      }
      expect(latin1.decode(body.takeBytes()), 'abc0123456789abcdef');
      expect(latin1.decode(stream.sublist(at - decoder.left)), 'GET'.substring(0, 3));
    }
  });

  test('chunk sizes that are none', () {
    for (final text in ['zz\r\n', '+2\r\n', '-1\r\n', '10000000000000002\r\n']) {
      expectThrows<ParseError>(() => ChunkedDecoder().add(_bytes(text)));
    }
  });
}
