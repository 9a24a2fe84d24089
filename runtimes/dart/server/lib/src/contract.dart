/// The contract's names and numbers that this server needs; conformance/contract.yaml is their origin.
library;

abstract final class Header {
  static const error = 'x-runtime-error';
  static const invocation = 'x-runtime-invocation-id';
  static const mode = 'x-runtime-mode';
  static const reservedPrefix = 'x-runtime-';
  static const result = 'x-runtime-result';
  static const secret = 'x-runtime-secret';
  static const timeout = 'x-runtime-timeout';
  static const trace = 'traceparent';
}

const healthPath = '/_runtime/health';
const readyPath = '/_runtime/ready';

/// The runtime's own errors.
enum Code {
  invalidJson('invalid_json', 400),
  invalidEnvelope('invalid_envelope', 400),
  invalidHeader('invalid_header', 400),
  badRequest('bad_request', 400),
  unauthorized('unauthorized', 401),
  notFound('not_found', 404),
  methodNotAllowed('method_not_allowed', 405),
  payloadTooLarge('payload_too_large', 413),
  unsupportedMediaType('unsupported_media_type', 415),
  headersTooLarge('headers_too_large', 431),
  functionError('function_error', 500),
  noResponse('no_response', 500),
  invalidResponse('invalid_response', 500),
  functionNotLoaded('function_not_loaded', 503),
  overloaded('overloaded', 503),
  shuttingDown('shutting_down', 503),
  timeout('timeout', 504);

  const Code(this.name, this.status);

  final String name;
  final int status;

  static final _byName = {for (final code in values) code.name: code};

  static Code named(String name) => _byName[name] ?? functionError;
}

const headerBytesLimit = 16384;
const headerLinesLimit = 100;
const stall = Duration(seconds: 10);
const logMessageBytes = 1048576;
const resultLogBytes = 1048576;
const configurationExit = 78;

final _invocationId = RegExp(r'^[A-Za-z0-9._-]{1,64}$');

bool isInvocationId(String text) => _invocationId.hasMatch(text);

/// The headers that belong to one connection and are neither passed on to a function nor taken from it.
const hopByHop = {
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
};

final _traceparent = RegExp(r'^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?$');
final _zeros = RegExp(r'^0+$');

/// The trace id of a W3C `traceparent` value, or null where the value is not valid.
String? traceIdOf(String value) {
  final match = _traceparent.firstMatch(value);
  if (match == null) return null;
  final [version!, trace!, parent!, rest] = match.groups([1, 2, 3, 4]);
  if (version == 'ff' || (version == '00' && rest != null)) return null;
  return _zeros.hasMatch(trace) || _zeros.hasMatch(parent) ? null : trace;
}
