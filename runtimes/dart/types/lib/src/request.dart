import 'dart:typed_data';

/// How grave a line of the log is.
enum Level { info, error }

/// Where a request's log lines go.
typedef LogSink = void Function(Level level, String message);

/// One invocation, as the function sees it.
final class Request {
  Request({
    this.payload,
    Map<String, String>? headers,
    Map<String, String>? env,
    this.method = 'POST',
    this.path = '/',
    Map<String, List<String>>? query,
    Uint8List? body,
    this.id = '',
    DateTime? deadline,
    LogSink? log,
  }) : headers = headers ?? {},
       env = env ?? {},
       query = query ?? {},
       body = body ?? Uint8List(0),
       deadline = deadline ?? DateTime.now().add(const Duration(seconds: 30)),
       _log = log ?? _print;

  /// The JSON value that the caller sent; in raw mode the parsed JSON, the text, or null.
  final Object? payload;

  /// Names in lower case; several fields of one name are joined.
  final Map<String, String> headers;

  /// The container's variables, overlaid with those of this invocation.
  final Map<String, String> env;

  final String method;

  /// As it was written, percent-encoding included.
  final String path;

  /// Each name's values in order, percent-decoded.
  final Map<String, List<String>> query;

  /// The exact bytes in raw mode; else the UTF-8 of a payload that is a string.
  final Uint8List body;

  /// This invocation's id, which every line of its log carries.
  final String id;

  /// When the runtime stops waiting for an answer.
  final DateTime deadline;

  final LogSink _log;

  /// Writes a line to the log under this invocation's id, at any time.
  void log(Object? message) => _log(Level.info, '$message');

  /// The same with the level `error`.
  void error(Object? message) => _log(Level.error, '$message');

  static void _print(Level level, String message) => print('${level.name}: $message');
}
