import 'dart:convert';
import 'dart:typed_data';

/// What the caller is answered. Exactly one call of [send] or [json] makes the answer.
final class Response {
  Answer? _answer;
  bool _closed = false;

  /// Answers with a text (a `String`) or with bytes (a `List<int>`).
  ///
  /// A header's value is a `String`, or an `Iterable<String>` for a field line each.
  void send(Object? body, {int status = 200, Map<String, Object?>? headers}) => _keep(status, headers, () {
    return switch (body) {
      null => (BodyType.text, Uint8List(0)),
      String() => (BodyType.text, utf8.encode(body)),
      // Copied: the function may write over them.
      List<int>() => (BodyType.bytes, Uint8List.fromList(body)),
      _ => throw FormatException('send takes a String or a List<int>, not ${body.runtimeType}'),
    };
  });

  /// Answers with a value as JSON; objects are asked for their `toJson()`.
  void json(Object? value, {int status = 200, Map<String, Object?>? headers}) =>
      _keep(status, headers, () => (BodyType.json, _encode(value)));

  void _keep(int status, Map<String, Object?>? headers, (BodyType, Uint8List) Function() make) {
    if (_closed) throw StateError('the invocation has ended: there is nobody to answer');
    if (_answer != null) throw StateError('the function has answered already: the first answer stands');
    try {
      if (status < 200 || status > 599) {
        throw FormatException('the status must be from 200 to 599, not $status');
      }
      final fields = headers == null ? const <(String, String)>[] : _fields(headers);
      final (type, bytes) = make();
      _answer = GoodAnswer(status, fields, type, bytes);
    } on FormatException catch (problem) {
      _answer = InvalidAnswer(problem.message);
    }
  }
}

/// What the runtime does with an answer's body where the function's headers hold no content type.
enum BodyType { none, text, bytes, json }

sealed class Answer {
  const Answer();
}

final class GoodAnswer extends Answer {
  const GoodAnswer(this.status, this.fields, this.type, this.body);

  final int status;
  final List<(String, String)> fields;
  final BodyType type;
  final Uint8List body;
}

/// What the function answered can't be sent.
final class InvalidAnswer extends Answer {
  const InvalidAnswer(this.reason);

  final String reason;
}

/// The answer so far, or null.
Answer? answerOf(Response response) => response._answer;

/// Ends the response: from now on, answering throws.
void closeResponse(Response response) => response._closed = true;

final _jsonEncoder = JsonUtf8Encoder();

Uint8List _encode(Object? value) {
  try {
    final bytes = _jsonEncoder.convert(value);
    return bytes is Uint8List ? bytes : Uint8List.fromList(bytes);
  } on JsonUnsupportedObjectError catch (problem) {
    // A cycle among them. The cause is what an object's own toJson() threw.
    throw FormatException("JSON can't hold ${_describe(problem.unsupportedObject)}");
  } on StackOverflowError {
    throw const FormatException("JSON can't hold a value so deep");
  }
}

String _describe(Object? value) => value is num ? '$value' : 'a ${value.runtimeType} or something in it';

final _token = RegExp(r"^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$");

List<(String, String)> _fields(Map<String, Object?> headers) => [
  for (final MapEntry(key: name, :value) in headers.entries)
    for (final item in value is Iterable ? value : [value]) (_name(name), _value(name, item)),
];

String _name(String name) {
  if (_token.hasMatch(name)) return name;
  throw FormatException('${jsonEncode(name)} is no header name');
}

String _value(String name, Object? value) {
  if (value is! String && value is! num) {
    throw FormatException('the value of header $name must be a String or an Iterable<String>');
  }
  final text = '$value';
  for (final unit in text.codeUnits) {
    if (unit == 0x7f || unit < 0x20 && unit != 0x09) {
      throw FormatException('the value of header $name holds a control character');
    }
  }
  return _isSurrogate.hasMatch(text) ? _wellFormed(text) : text;
}

final _isSurrogate = RegExp('[\\ud800-\\udfff]');

/// The text with what UTF-8 can't say replaced.
String _wellFormed(String text) =>
    String.fromCharCodes(text.runes.map((rune) => rune >= 0xd800 && rune <= 0xdfff ? 0xfffd : rune));
