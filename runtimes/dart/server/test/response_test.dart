import 'dart:convert';
import 'dart:typed_data';

import 'package:slipway/runtime.dart';

import 'check.dart';

GoodAnswer _good(void Function(Response res) make) => _answer(make) as GoodAnswer;

Answer _answer(void Function(Response res) make) {
  final response = Response();
  make(response);
  return answerOf(response)!;
}

void main() {
  test('text, bytes and JSON', () {
    final text = _good((res) => res.send('é', status: 201));
    expect((text.status, text.type, utf8.decode(text.body)), (201, BodyType.text, 'é'));
    expect(_good((res) => res.send([1, 255])).type, BodyType.bytes);
    final json = _good((res) => res.json({'b': 1, 'a': 'é\u2028/'}));
    expect(utf8.decode(json.body), '{"b":1,"a":"é\u2028/"}');
  });

  test('bytes are copied', () {
    final bytes = Uint8List.fromList([1]);
    final answer = _good((res) => res.send(bytes));
    bytes[0] = 2;
    expect(answer.body, [1]);
  });

  test('a list of values is a field each', () {
    final answer = _good(
      (res) => res.send(
        '',
        headers: {
          'A': ['1', '2'],
          'b': 3,
        },
      ),
    );
    expect([for (final (name, value) in answer.fields) '$name: $value'], ['A: 1', 'A: 2', 'b: 3']);
  });

  test('a lone surrogate of a header is replaced, and nothing beside it', () {
    final answer = _good((res) => res.send('', headers: {'a': '\ufeff\ud800é\u{1f600}\udc00'}));
    expect(answer.fields.single.$2, '\ufeff\ufffdé\u{1f600}\ufffd');
    expect(utf8.decode(_good((res) => res.send('a\ud800')).body), 'a\ufffd');
  });

  test('what can not be sent', () {
    final cycle = <Object?>[];
    cycle.add(cycle);
    var deep = <Object?>[];
    for (var index = 0; index < 1000000; index += 1) {
      deep = [deep];
    }
    for (final make in <void Function(Response)>[
      (res) => res.send('', status: 199),
      (res) => res.send('', status: 600),
      (res) => res.send(DateTime(2000)),
      (res) => res.send('', headers: {'a b': '1'}),
      (res) => res.send('', headers: {'a': '1\r\nb: 2'}),
      (res) => res.send('', headers: {'a': '\u0000'}),
      (res) => res.send('', headers: {'a': null}),
      (res) => res.json(double.nan),
      (res) => res.json(() {}),
      (res) => res.json({1: 2}),
      (res) => res.json(cycle),
      (res) => res.json(deep),
    ]) {
      expect(_answer(make) is InvalidAnswer, true);
    }
  });

  test('the first answer stands', () {
    final response = Response()..send('first');
    expectThrows<StateError>(() => response.send('second'));
    expectThrows<StateError>(() => response.json(2));
    expect(utf8.decode((answerOf(response)! as GoodAnswer).body), 'first');
    final closed = Response();
    closeResponse(closed);
    expectThrows<StateError>(() => closed.send('late'));
    expect(answerOf(closed), null);
  });
}
