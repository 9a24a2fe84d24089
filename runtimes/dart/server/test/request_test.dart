import 'dart:convert';
import 'dart:typed_data';

import 'package:slipway/slipway.dart';
import 'package:slipway_server/src/contract.dart';
import 'package:slipway_server/src/control.dart';
import 'package:slipway_server/src/frames.dart';
import 'package:slipway_server/src/function/request.dart';

import 'check.dart';

/// The request that comes of an invoke frame.
Request _read(List<int> body, {Object? head}) {
  final headBytes = head == null ? const <int>[] : utf8.encode(jsonEncode(head));
  final frame = newFrame(Kind.invoke, 1, 14 + 2 + headBytes.length + body.length);
  FrameWriter(frame)
    ..byte(head == null ? 0 : 1)
    ..number(1000.5)
    ..byte(2)
    ..ascii('id')
    ..word(headBytes.length)
    ..bytes(headBytes)
    ..bytes(body);
  return readRequest(Uint8List.sublistView(frame, frameStart), (_, _) {}, (_) {});
}

Code _refused(String body) => expectThrows<RequestError>(() => _read(utf8.encode(body))).code;

void main() {
  test('an envelope and its defaults', () {
    final req = _read(utf8.encode('{}'));
    expect((req.method, req.path, req.payload, req.id), ('POST', '/', null, 'id'));
    expect(req.deadline.microsecondsSinceEpoch, 1000500);
    final given = _read(
      utf8.encode('{"payload":"é","headers":{"A":"1","a":"2","Cookie":"x"},"query":"a=1&a=%20+"}'),
    );
    expect(given.headers, {'a': '1, 2', 'cookie': 'x'});
    expect(given.query, {
      'a': ['1', '  '],
    });
    expect(given.body, utf8.encode('é'));
  });

  test('what is no envelope', () {
    for (final body in ['', '{', '{} x', '\ufeff{}', 'nul']) {
      expect(_refused(body), Code.invalidJson);
    }
    for (final body in [
      '[]',
      'null',
      '"x"',
      '{"env":{"a":1}}',
      '{"headers":[]}',
      '{"method":null}',
      '{"path":1}',
    ]) {
      expect(_refused(body), Code.invalidEnvelope);
    }
    expect(expectThrows<RequestError>(() => _read([0x22, 0xff, 0x22])).code, Code.invalidJson);
  });

  test('raw mode: the payload by the content type', () {
    Object? payload(String type, String body) => _read(
      utf8.encode(body),
      head: {
        'headers': [
          ['content-type', type],
        ],
        'method': 'PUT',
        'path': '/p',
        'query': '',
      },
    ).payload;
    expect(payload('application/json', '[1]'), [1]);
    expect(payload('Application/Problem+JSON; x', '[1]'), [1]);
    expect(payload('application/json', ''), null);
    expect(payload('text/plain', '\ufeffé'), '\ufeffé');
    expect(payload('image/png', '[1]'), null);
  });

  test('queries', () {
    expect(decodeQuery('a=1&b&=c&&a=%C3%A9&%zz=%4&x=y=z'), {
      'a': ['1', 'é'],
      'b': [''],
      '': ['c'],
      '%zz': ['%4'],
      'x': ['y=z'],
    });
  });

  test('targets', () {
    expect(splitTarget('/a?b?c'), (path: '/a', query: 'b?c'));
    expect(splitTarget('http://host:1/a?b'), (path: '/a', query: 'b'));
    expect(splitTarget('HTTP://host'), (path: '/', query: ''));
    expect(splitTarget('//a/../b'), (path: '//a/../b', query: ''));
    expect(splitTarget('*'), (path: '*', query: ''));
  });
}
