/// From an answer, or an error of the runtime, to the bytes that go out.
library;

import 'dart:convert';
import 'dart:io' show HttpDate;
import 'dart:typed_data';

import 'contract.dart';
import 'control.dart';
import 'frames.dart';
import 'logs.dart';

/// What a function answered, as its process sent it.
final class FunctionAnswer {
  const FunctionAnswer(this.status, this.type, this.headers, this.body);

  factory FunctionAnswer.read(Uint8List frame) {
    final bytes = FrameBytes(frame);
    final status = bytes.short();
    final type = bytes.byte();
    final headersLength = bytes.word();
    final headers = headersLength == 0
        ? const <Object?>[]
        : _decoder.convert(bytes.bytes(headersLength))! as List<Object?>;
    return FunctionAnswer(status, type, [
      for (final field in headers.cast<List<Object?>>()) (field[0]! as String, field[1]! as String),
    ], bytes.rest());
  }

  static final _decoder = const Utf8Decoder().fuse(const JsonDecoder());

  final int status;
  final int type;
  final List<(String, String)> headers;
  final Uint8List body;

  bool get hasBody => status != 204 && status != 304;

  /// The function's headers less those that are the runtime's business.
  List<(String, String)> get fields {
    final wanted = _types[type];
    if (headers.isEmpty) return [if (wanted != null) ('content-type', wanted)];
    final fields = <(String, String)>[];
    var typed = type == 0;
    for (final (name, value) in headers) {
      final lower = name.toLowerCase();
      if (lower == 'content-length' || hopByHop.contains(lower) || lower.startsWith(Header.reservedPrefix))
        continue;
      if (lower == 'content-type') {
        if (typed && type != 0) continue;
        typed = true;
      }
      fields.add((name, value));
    }
    if (!typed) fields.add(('content-type', wanted!));
    return fields;
  }
}

const _jsonType = 'application/json';
const _types = [null, 'text/plain; charset=utf-8', 'application/octet-stream', _jsonType];

/// How an answer goes out on its connection.
typedef Manner = ({bool isHead, bool close});

/// The answer of a function.
Uint8List functionAnswer(String id, FunctionAnswer answer, Manner manner) {
  final FunctionAnswer(:status, :body, :hasBody) = answer;
  return _message(
    status,
    [...answer.fields, if (hasBody) ('content-length', '${body.length}'), (Header.invocation, id)],
    hasBody ? body : null,
    manner,
  );
}

/// One of the runtime's own errors. `id` is null where the request was refused before it had one.
Uint8List errorAnswer(String? id, Refusal refusal, Manner manner) {
  final body = _json({'error': errorObject(id, refusal)});
  return _message(
    refusal.code.status,
    [
      ('content-type', _jsonType),
      ('content-length', '${body.length}'),
      (Header.error, refusal.code.name),
      if (id != null) (Header.invocation, id),
      if (refusal.code == Code.overloaded) ('retry-after', '1'),
      ...refusal.headers,
    ],
    body,
    manner,
  );
}

/// The result envelope of what the function answered, or of an error in its place.
Uint8List resultAnswer(
  String id,
  FunctionAnswer answer,
  Refusal? error,
  ResultLog log,
  Duration duration,
  Manner manner,
) {
  final named = <String, List<String>>{};
  for (final (name, value) in answer.fields) {
    (named[name.toLowerCase()] ??= []).add(value);
  }
  final (text, encoding) = _asText(answer.hasBody ? answer.body : Uint8List(0));
  return jsonAnswer(
    200,
    {
      'status': answer.status,
      'headers': named,
      'body': text,
      'encoding': encoding,
      'logs': log,
      'truncated': log.truncated,
      'error': error == null ? null : errorObject(id, error),
      'duration_ms': duration.inMicroseconds / Duration.microsecondsPerMillisecond,
    },
    manner,
    id: id,
  );
}

Uint8List jsonAnswer(int status, Object value, Manner manner, {String? id}) {
  final body = _json(value);
  return _message(
    status,
    [
      ('content-type', _jsonType),
      ('content-length', '${body.length}'),
      if (id != null) (Header.invocation, id),
    ],
    body,
    manner,
  );
}

Map<String, String?> errorObject(String? id, Refusal refusal) => {
  'code': refusal.code.name,
  'message': refusal.message,
  'invocation': id,
};

/// An error as if the function had answered it.
FunctionAnswer asFunctionAnswer(String id, Refusal refusal) =>
    FunctionAnswer(refusal.code.status, 3, const [], _json({'error': errorObject(id, refusal)}));

(String, String) _asText(Uint8List bytes) {
  try {
    // A byte order mark stays: the decoder would take it away.
    final marked = bytes.length >= 3 && bytes[0] == 0xef && bytes[1] == 0xbb && bytes[2] == 0xbf;
    return ('${marked ? '\ufeff' : ''}${utf8.decode(bytes)}', 'utf-8');
  } on FormatException {
    return (base64.encode(bytes), 'base64');
  }
}

final _encoder = JsonUtf8Encoder();

Uint8List _json(Object value) {
  final bytes = _encoder.convert(value);
  return bytes is Uint8List ? bytes : Uint8List.fromList(bytes);
}

Uint8List _message(int status, List<(String, String)> fields, Uint8List? body, Manner manner) {
  final head = StringBuffer('HTTP/1.1 ')
    ..write(status)
    ..write(' ')
    ..write(_reasons[status] ?? 'Status')
    ..write('\r\n');
  for (final (name, value) in fields) {
    head
      ..write(name)
      ..write(': ')
      ..write(value)
      ..write('\r\n');
  }
  head
    ..write('date: ')
    ..write(_date())
    ..write(manner.close ? '\r\nconnection: close\r\n\r\n' : '\r\n\r\n');
  final headBytes = utf8.encode(head.toString());
  if (body == null || body.isEmpty || manner.isHead) return headBytes;
  return Uint8List(headBytes.length + body.length)
    ..setRange(0, headBytes.length, headBytes)
    ..setRange(headBytes.length, headBytes.length + body.length, body);
}

int _dateSecond = 0;
String _dateText = '';

String _date() {
  final second = DateTime.now().millisecondsSinceEpoch ~/ 1000;
  if (second != _dateSecond) {
    _dateSecond = second;
    _dateText = HttpDate.format(DateTime.fromMillisecondsSinceEpoch(second * 1000, isUtc: true));
  }
  return _dateText;
}

const _reasons = {
  200: 'OK',
  201: 'Created',
  202: 'Accepted',
  204: 'No Content',
  206: 'Partial Content',
  301: 'Moved Permanently',
  302: 'Found',
  303: 'See Other',
  304: 'Not Modified',
  307: 'Temporary Redirect',
  308: 'Permanent Redirect',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  410: 'Gone',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  422: 'Unprocessable Content',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
};
