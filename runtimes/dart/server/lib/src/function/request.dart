/// From an invoke frame to the request that the function gets.
library;

import 'dart:convert';
import 'dart:io';
import 'dart:typed_data';

import 'package:slipway/slipway.dart';

import '../contract.dart';
import '../frames.dart';

/// The request can't be read; the caller gets the message.
final class RequestError implements Exception {
  const RequestError(this.code, this.message);

  final Code code;
  final String message;
}

final _environment = {...Platform.environment};
final _jsonDecoder = const Utf8Decoder().fuse(const JsonDecoder());
final _noBytes = Uint8List(0);

/// Levels of a document. What is much deeper can be read, but not written again: that takes stack.
const _deepest = 1000;

/// Reads the frame of an invocation. `traced` gets the trace id of the envelope's headers, if there is one.
Request readRequest(Uint8List frame, LogSink log, void Function(String trace) traced) {
  final bytes = FrameBytes(frame);
  final isRaw = bytes.byte() == 1;
  final deadline = DateTime.fromMicrosecondsSinceEpoch((bytes.number() * 1000).round(), isUtc: true);
  final id = bytes.ascii(bytes.byte());
  final head = bytes.bytes(bytes.word());
  final body = bytes.rest();
  return isRaw ? _raw(head, body, id, deadline, log) : _envelope(body, id, deadline, log, traced);
}

Request _raw(Uint8List head, Uint8List body, String id, DateTime deadline, LogSink log) {
  final fields = _jsonDecoder.convert(head)! as Map<String, Object?>;
  final headers = _joinHeaders(
    (fields['headers']! as List<Object?>).cast<List<Object?>>().map(
      (field) => (field[0]! as String, field[1]! as String),
    ),
  );
  // A copy: the frame shares its memory with others.
  final ownBody = Uint8List.fromList(body);
  return Request(
    payload: _rawPayload(headers['content-type'] ?? '', ownBody),
    headers: headers,
    env: {..._environment},
    method: fields['method']! as String,
    path: fields['path']! as String,
    query: decodeQuery(fields['query']! as String),
    body: ownBody,
    id: id,
    deadline: deadline,
    log: log,
  );
}

Object? _rawPayload(String contentType, Uint8List body) {
  final type = contentType.split(';').first.trim().toLowerCase();
  if (type == 'application/json' || _jsonSuffix.hasMatch(type)) return body.isEmpty ? null : _parseJson(body);
  return type.startsWith('text/') ? _asText(body) : null;
}

final _jsonSuffix = RegExp(r'^[^/]+/[^/]+\+json$');

/// The text of a body, its byte order mark included.
String _asText(Uint8List body) {
  final text = utf8.decode(body, allowMalformed: true);
  return _hasMark(body) ? '\ufeff$text' : text;
}

bool _hasMark(Uint8List bytes) =>
    bytes.length >= 3 && bytes[0] == 0xef && bytes[1] == 0xbb && bytes[2] == 0xbf;

Request _envelope(
  Uint8List body,
  String id,
  DateTime deadline,
  LogSink log,
  void Function(String trace) traced,
) {
  final envelope = _parseJson(body);
  if (envelope is! Map<String, Object?>) {
    throw const RequestError(Code.invalidEnvelope, 'The body must be a JSON object.');
  }
  final given = _strings(envelope, 'headers');
  final env = _strings(envelope, 'env');
  final method = _string(envelope, 'method', 'POST');
  final path = _string(envelope, 'path', '/');
  final query = _string(envelope, 'query', '');
  final headers = given == null
      ? <String, String>{}
      : _joinHeaders(given.entries.map((e) => (e.key, e.value)));
  if (headers[Header.trace] case final value?) {
    if (traceIdOf(value) case final trace?) traced(trace);
  }
  final payload = envelope['payload'];
  return Request(
    payload: payload,
    headers: headers,
    env: {..._environment, ...?env},
    method: method,
    path: path,
    query: query.isEmpty ? <String, List<String>>{} : decodeQuery(query),
    body: payload is String ? utf8.encode(payload) : _noBytes,
    id: id,
    deadline: deadline,
    log: log,
  );
}

Object? _parseJson(Uint8List bytes) {
  try {
    // The decoder would skip a byte order mark, which is no JSON.
    if (_hasMark(bytes)) throw const FormatException('it begins with a byte order mark');
    final value = _jsonDecoder.convert(bytes);
    if (_hasManyBrackets(bytes) && _isTooDeep(value)) {
      throw const FormatException('it is nested more than $_deepest levels deep');
    }
    return value;
  } on FormatException catch (error) {
    throw RequestError(Code.invalidJson, 'The body is not JSON in UTF-8: ${error.message}.');
  }
}

/// Most documents haven't even as many brackets as there may be levels.
bool _hasManyBrackets(Uint8List bytes) {
  var found = 0;
  for (final byte in bytes) {
    if ((byte == 0x5b || byte == 0x7b) && ++found > _deepest) return true;
  }
  return false;
}

bool _isTooDeep(Object? value) {
  var level = [if (value is Map || value is List) value];
  for (var depth = 0; level.isNotEmpty; depth++) {
    if (depth > _deepest) return true;
    level = [
      for (final one in level)
        for (final member in one is Map ? one.values : one! as List)
          if (member is Map || member is List) member,
    ];
  }
  return false;
}

String _string(Map<String, Object?> envelope, String name, String fallback) {
  final value = envelope[name];
  if (value is String) return value;
  if (value == null && !envelope.containsKey(name)) return fallback;
  throw RequestError(Code.invalidEnvelope, '$name must be a string.');
}

Map<String, String>? _strings(Map<String, Object?> envelope, String name) {
  final value = envelope[name];
  if (value == null && !envelope.containsKey(name)) return null;
  if (value is Map<String, Object?> && value.values.every((member) => member is String)) {
    return value.cast<String, String>();
  }
  throw RequestError(Code.invalidEnvelope, '$name must be an object of strings.');
}

/// Lower-case names; several fields of a name become one, as HTTP says.
Map<String, String> _joinHeaders(Iterable<(String, String)> fields) {
  final headers = <String, String>{};
  for (final (given, value) in fields) {
    final name = given.toLowerCase();
    if (name == Header.secret) continue;
    final before = headers[name];
    headers[name] = before == null ? value : '$before${name == 'cookie' ? '; ' : ', '}$value';
  }
  return headers;
}

/// Names and values are percent-decoded, with + as space; what is no valid escape stays as it is.
Map<String, List<String>> decodeQuery(String query) {
  final values = <String, List<String>>{};
  for (final pair in query.split('&')) {
    if (pair.isEmpty) continue;
    final equals = pair.indexOf('=');
    final name = _decode(equals < 0 ? pair : pair.substring(0, equals));
    (values[name] ??= []).add(equals < 0 ? '' : _decode(pair.substring(equals + 1)));
  }
  return values;
}

String _decode(String text) {
  if (!text.contains('%') && !text.contains('+')) return text;
  final given = utf8.encode(text);
  final bytes = BytesBuilder();
  for (var index = 0; index < given.length; index += 1) {
    final byte = given[index];
    final high = byte == 0x25 && index + 2 < given.length ? _digit(given[index + 1]) : -1;
    final low = high < 0 ? -1 : _digit(given[index + 2]);
    if (low >= 0) {
      bytes.addByte(high << 4 | low);
      index += 2;
    } else {
      bytes.addByte(byte == 0x2b ? 0x20 : byte);
    }
  }
  return utf8.decode(bytes.takeBytes(), allowMalformed: true);
}

int _digit(int byte) => switch (byte) {
  >= 0x30 && <= 0x39 => byte - 0x30,
  >= 0x41 && <= 0x46 => byte - 0x37,
  >= 0x61 && <= 0x66 => byte - 0x57,
  _ => -1,
};
