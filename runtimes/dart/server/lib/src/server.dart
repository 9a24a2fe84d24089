/// HTTP in and out: from a request to an invocation, from its end to an answer.
library;

import 'dart:async';
import 'dart:io';
import 'dart:math';
import 'dart:typed_data';

import 'answer.dart';
import 'authorise.dart';
import 'connection.dart';
import 'contract.dart';
import 'control.dart';
import 'http_parser.dart';
import 'invocation.dart';
import 'pool.dart';
import 'settings.dart';

final class Server implements RequestHandler, Outcomes {
  Server(this._settings);

  static const _backlog = 4096;

  /// A refused body up to this size is read and dropped, so that the connection can go on.
  static const _smallBody = 65536;

  final Settings _settings;
  late final Pool pool;
  final _connections = <Connection>{};
  final _idPrefix = '${DateTime.now().millisecondsSinceEpoch.toRadixString(36)}${_random()}-';
  RawServerSocket? _listener;
  Completer<void>? _closed;
  int _idCount = 0;

  bool get _draining => _closed != null;

  static String _random() => Random.secure().nextInt(1 << 31).toRadixString(36);

  Future<void> listen() async {
    final listener = await RawServerSocket.bind(_settings.host, _settings.port, backlog: _backlog);
    _listener = listener;
    listener.listen(_accept, onError: (_) {});
    Timer.periodic(const Duration(seconds: 1), (_) {
      for (final connection in [..._connections]) {
        connection.sweep();
      }
    });
  }

  void _accept(RawSocket socket) {
    try {
      _connections.add(Connection(socket, this));
    } on SocketException {
      // It was closed before anything was made of it.
      unawaited(socket.close());
    }
  }

  /// Takes no new connections; completes when every connection is closed.
  Future<void> close() {
    final closed = _closed = Completer<void>();
    unawaited(_listener?.close());
    for (final connection in [..._connections]) {
      connection.close();
    }
    if (_connections.isEmpty && !closed.isCompleted) closed.complete();
    return closed.future;
  }

  /// Whether an answer is still on its way to a client.
  bool get isSending => _connections.any((connection) => connection.isSending);

  @override
  void closed(Connection connection) {
    _connections.remove(connection);
    final closed = _closed;
    if (closed != null && _connections.isEmpty && !closed.isCompleted) closed.complete();
  }

  // From a request to an invocation -------------------------------------------------------------------------------------

  @override
  void begin(Exchange exchange) {
    final head = exchange.head;
    final target = splitTarget(head.target);
    if (head.method == 'GET' || head.method == 'HEAD') {
      if (target.path == healthPath) return _sendJson(exchange, {'status': 'ok'});
      if (target.path == readyPath) return _ready(exchange);
    }
    if (!isSecret(head.secret, _settings.secret)) {
      const refusal = Refusal(Code.unauthorized, '${Header.secret} is missing or wrong.');
      return _refuse(exchange, null, refusal);
    }
    if (checkInvocationId(head) case final refusal?) return _refuse(exchange, null, refusal);
    final id = head.invocation ?? '$_idPrefix${(_idCount += 1).toRadixString(36)}';
    final Choices choices;
    try {
      choices = readChoices(head, _settings);
    } on Refusal catch (refusal) {
      return _refuse(exchange, id, refusal);
    }
    final wrong = choices.raw ? null : checkEnvelopeRequest(head, target.path);
    if (wrong ?? _unavailable() case final refusal?) return _refuse(exchange, id, refusal);
    if (head.contentLength case final length? when length > _settings.maxBody) {
      return _refuse(exchange, id, _tooLarge);
    }
    final invocation = Invocation(id, exchange, choices, choices.raw ? rawHead(head, target) : _none);
    exchange
      ..context = invocation
      ..wantBody(_settings.maxBody);
  }

  static final _none = Uint8List(0);

  Refusal get _tooLarge =>
      Refusal(Code.payloadTooLarge, 'The body must not be over ${_settings.maxBody} bytes.');

  void _ready(Exchange exchange) {
    if (_unavailable() case final refusal?) return _refuse(exchange, null, refusal);
    _sendJson(exchange, {'status': 'ready'});
  }

  /// Why no new invocation would be taken, or null.
  Refusal? _unavailable() {
    if (_draining) return const Refusal(Code.shuttingDown, 'The runtime is shutting down.');
    if (pool.failure != null) return Pool.notLoaded;
    if (pool.inFlight >= _settings.concurrency) {
      return const Refusal(Code.overloaded, 'As many invocations as the runtime takes are in flight.');
    }
    return null;
  }

  @override
  void tooLarge(Exchange exchange) => _refuse(exchange, _invocationOf(exchange).id, _tooLarge);

  @override
  void body(Exchange exchange) {
    final invocation = _invocationOf(exchange);
    if (_unavailable() case final refusal?) return _refuse(exchange, invocation.id, refusal);
    final timeout = invocation.choices.timeout.inMicroseconds;
    invocation.deadline = (DateTime.now().microsecondsSinceEpoch + timeout) / 1000;
    invocation.watch.start();
    pool.invoke(invocation, exchange.takeBody());
  }

  static Invocation _invocationOf(Exchange exchange) => exchange.context! as Invocation;

  @override
  Uint8List unreadable(ParseError error) =>
      errorAnswer(null, Refusal(error.code, error.message), (isHead: false, close: true));

  // Answers -------------------------------------------------------------------------------------------------------------

  @override
  void answered(Invocation invocation, FunctionAnswer answer) {
    final Invocation(:id, :exchange, :log) = invocation;
    final manner = _manner(exchange);
    exchange.respond(
      log == null
          ? functionAnswer(id, answer, manner)
          : resultAnswer(id, answer, null, log, invocation.watch.elapsed, manner),
      close: manner.close,
    );
  }

  @override
  void refused(Invocation invocation, Refusal refusal) {
    final Invocation(:id, :exchange, :log) = invocation;
    final shown = refusal.code == Code.functionError ? _functionError(refusal) : refusal;
    if (log == null || _beforeFunction.contains(shown.code)) return _refuse(exchange, id, shown);
    final manner = _manner(exchange);
    final answer = asFunctionAnswer(id, shown);
    exchange.respond(
      resultAnswer(id, answer, shown, log, invocation.watch.elapsed, manner),
      close: manner.close,
    );
  }

  static const _beforeFunction = {Code.invalidJson, Code.invalidEnvelope, Code.functionNotLoaded};

  Refusal _functionError(Refusal refusal) => _settings.development && refusal.message.isNotEmpty
      ? refusal
      : Refusal(refusal.code, 'The function failed; the log has the details.');

  void _refuse(Exchange exchange, String? id, Refusal refusal) {
    final length = exchange.head.contentLength;
    final manner = _manner(exchange, close: length == null || length > _smallBody);
    exchange.respond(errorAnswer(id, refusal, manner), close: manner.close);
  }

  void _sendJson(Exchange exchange, Object value) {
    final manner = _manner(exchange);
    exchange.respond(jsonAnswer(200, value, manner), close: manner.close);
  }

  Manner _manner(Exchange exchange, {bool close = false}) =>
      (isHead: exchange.isHead, close: close || _draining || !exchange.keepsAlive);
}
