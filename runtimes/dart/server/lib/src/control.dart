/// What a request's head asks of the runtime itself.
library;

import 'dart:convert';
import 'dart:typed_data';

import 'contract.dart';
import 'http_parser.dart';
import 'settings.dart';

/// An answer of the runtime in the function's place.
final class Refusal implements Exception {
  const Refusal(this.code, this.message, [this.headers = const []]);

  final Code code;
  final String message;
  final List<(String, String)> headers;
}

/// How this invocation is to be run.
final class Choices {
  const Choices({required this.raw, required this.wantsResult, required this.timeout, required this.trace});

  final bool raw;
  final bool wantsResult;
  final Duration timeout;
  final String? trace;
}

typedef Target = ({String path, String query});

const _root = (path: '/', query: '');
final _authority = RegExp('^https?://[^/?]*', caseSensitive: false);

/// Path and query of a request target, cut at the first question mark; an absolute target loses its authority.
Target splitTarget(String target) {
  if (target == '/') return _root;
  final start = target.startsWith('/') ? 0 : _authority.firstMatch(target)?.end ?? 0;
  final mark = target.indexOf('?', start);
  final path = target.substring(start, mark < 0 ? null : mark);
  return (path: path.isEmpty ? '/' : path, query: mark < 0 ? '' : target.substring(mark + 1));
}

Refusal? checkInvocationId(Head head) {
  final id = head.invocation;
  if (id == null || isInvocationId(id)) return null;
  return const Refusal(
    Code.invalidHeader,
    '${Header.invocation} must be 1 to 64 of A-Z, a-z, 0-9, ".", "_" and "-".',
  );
}

/// The rest of the runtime's own headers; throws a [Refusal].
Choices readChoices(Head head, Settings settings) {
  final Head(:mode, :result) = head;
  if (mode != null && mode != 'raw' && mode != 'envelope') {
    throw const Refusal(Code.invalidHeader, '${Header.mode} must be "raw" or "envelope".');
  }
  if (result != null && result != 'plain' && result != 'envelope') {
    throw const Refusal(Code.invalidHeader, '${Header.result} must be "envelope" or "plain".');
  }
  var timeout = settings.timeout;
  if (head.timeout case final text?) {
    final wanted = parseSeconds(text);
    if (wanted == null) {
      throw const Refusal(
        Code.invalidHeader,
        '${Header.timeout} must be a positive decimal number of seconds.',
      );
    }
    if (wanted < timeout) timeout = wanted;
  }
  final trace = head.trace;
  return Choices(
    raw: mode == 'raw',
    wantsResult: result == 'envelope',
    timeout: timeout,
    trace: trace == null ? null : traceIdOf(trace),
  );
}

final _json = RegExp(r'^application/json[ \t]*(;|$)', caseSensitive: false);

/// What the envelope asks of the request line and the content type; null when all is well.
Refusal? checkEnvelopeRequest(Head head, String path) {
  if (path != '/') return const Refusal(Code.notFound, 'Nothing is here: invocations go to POST /.');
  if (head.method != 'POST') {
    return const Refusal(Code.methodNotAllowed, 'Invocations go to POST /.', [('allow', 'POST')]);
  }
  final type = head.contentType;
  if (type == 'application/json' || type != null && _json.hasMatch(type)) return null;
  return const Refusal(Code.unsupportedMediaType, 'The content type must be application/json.');
}

/// The head of an invocation in raw mode, as JSON: what the function may see of the HTTP request.
Uint8List rawHead(Head head, Target target) {
  final named = {
    for (var index = 0; index < head.headerCount; index += 1)
      if (head.nameAt(index) == 'connection')
        for (final option in head.valueAt(index).split(',')) option.trim().toLowerCase(),
  };
  final headers = <List<String>>[];
  for (var index = 0; index < head.headerCount; index += 1) {
    final name = head.nameAt(index);
    if (hopByHop.contains(name) || named.contains(name) || name.startsWith(Header.reservedPrefix)) continue;
    headers.add([name, _text(head.valueAt(index))]);
  }
  final bytes = _encoder.convert({
    'headers': headers,
    'method': head.method,
    'path': _text(target.path),
    'query': _text(target.query),
  });
  return bytes is Uint8List ? bytes : Uint8List.fromList(bytes);
}

final _encoder = JsonUtf8Encoder();

/// The characters are bytes; where they are UTF-8, that is what the sender meant.
String _text(String bytes) {
  if (!bytes.codeUnits.any((unit) => unit > 0x7f)) return bytes;
  try {
    return utf8.decode(bytes.codeUnits);
  } on FormatException {
    return bytes;
  }
}
