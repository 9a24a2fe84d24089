/// One client's connection: bytes to requests, and answers to bytes.
library;

import 'dart:async';
import 'dart:io';
import 'dart:typed_data';

import 'channel.dart';
import 'contract.dart';
import 'http_parser.dart';

/// What a connection hands its requests to.
abstract interface class RequestHandler {
  /// A head has come. The handler calls [Exchange.respond], or [Exchange.wantBody] for [body] to be called.
  void begin(Exchange exchange);

  /// The whole body of an exchange that wants it is there.
  void body(Exchange exchange);

  /// More of a body came than [Exchange.wantBody] allowed.
  void tooLarge(Exchange exchange);

  /// What is not HTTP is answered with this, and the connection is closed.
  Uint8List unreadable(ParseError error);

  void closed(Connection connection);
}

/// One request and its answer.
final class Exchange {
  Exchange(this._connection, this.head);

  final Connection _connection;
  final Head head;

  /// What the handler keeps with it.
  Object? context;

  final _body = BytesBuilder(copy: false);
  int _most = -1;
  bool _answered = false;

  bool get isHead => head.method == 'HEAD';

  /// Whether the client will find the connection open after the answer.
  bool get keepsAlive => head.keepAlive && !_connection._closing;

  /// What came, to be taken once.
  Uint8List takeBody() => _body.takeBytes();

  /// Collects the body, up to so many bytes.
  void wantBody(int most) {
    _most = most;
    if (head.expectsContinue) _connection._write(_continue);
  }

  /// Ends the exchange. The connection is closed after it where the answer says so: `close`.
  void respond(Uint8List bytes, {required bool close}) {
    if (_answered) return;
    _answered = true;
    _connection._respond(this, bytes, close);
  }

  static final _continue = Uint8List.fromList('HTTP/1.1 100 Continue\r\n\r\n'.codeUnits);
}

enum _State {
  /// A head is to come, or some of it.
  head,
  body,

  /// The body is complete, and the answer is awaited.
  waiting,

  /// The last answer is out: what still comes is dropped until the client closes.
  lingering,
}

final class Connection {
  Connection(this._socket, this._handler) {
    _socket
      ..setOption(SocketOption.tcpNoDelay, true)
      ..writeEventsEnabled = false
      ..listen(_onEvent, onError: (_) => destroy(), onDone: destroy);
  }

  /// What a client may send ahead while an answer is awaited.
  static const _mostAhead = 65536;

  final RawSocket _socket;
  final RequestHandler _handler;
  _State _state = _State.head;
  Exchange? _exchange;
  Uint8List? _pending;

  /// What is left of a body with a length.
  int _bodyLeft = 0;
  int _bodySize = 0;
  ChunkedDecoder? _chunks;
  bool _paused = false;
  bool _readClosed = false;
  bool _closing = false;
  bool _destroyed = false;
  bool _inside = false;

  /// Seconds without progress, as [sweep] counts them.
  int _silent = 0;

  // Out -----------------------------------------------------------------------------------------------------------------

  final _outbox = <Uint8List>[];
  int _offset = 0;

  /// Whether the client has yet to take some of what was written.
  bool get isSending => _outbox.isNotEmpty && !_destroyed;

  void _write(Uint8List bytes) {
    if (_destroyed) return;
    if (_outbox.isEmpty) {
      final written = _socket.write(bytes);
      if (written == bytes.length) return;
      _offset = written;
    }
    _outbox.add(bytes);
    _socket.writeEventsEnabled = true;
  }

  void _writeMore() {
    while (_outbox.isNotEmpty) {
      final bytes = _outbox.first;
      final written = _socket.write(bytes, _offset);
      if (written > 0) _silent = 0;
      _offset += written;
      if (_offset < bytes.length) {
        _socket.writeEventsEnabled = true;
        return;
      }
      _outbox.removeAt(0);
      _offset = 0;
    }
    if (_state == _State.lingering) _shutDown();
  }

  void _respond(Exchange exchange, Uint8List bytes, bool close) {
    if (_destroyed) return;
    _write(bytes);
    if (close || !exchange.keepsAlive) {
      _linger();
    } else if (_state == _State.waiting) {
      _next();
    } else if (exchange._most >= 0) {
      // The rest of the body has no reader any more.
      exchange._most = -1;
    }
  }

  /// Ends the connection after what is to be written: closing at once would reset the answer on its way.
  void _linger() {
    _state = _State.lingering;
    _exchange = null;
    _pending = null;
    _silent = 0;
    if (_paused) _resume();
    if (_readClosed) {
      if (_outbox.isEmpty) destroy();
    } else if (_outbox.isEmpty) {
      _shutDown();
    }
  }

  void _shutDown() {
    if (_readClosed) {
      destroy();
    } else {
      _socket.shutdown(SocketDirection.send);
    }
  }

  void destroy() {
    if (_destroyed) return;
    _destroyed = true;
    _exchange = null;
    unawaited(_socket.close());
    _handler.closed(this);
  }

  /// The server ends: closes the connection now, or after the answer that is awaited.
  void close() {
    _closing = true;
    if (_state == _State.head && _outbox.isEmpty && _pending == null) destroy();
  }

  /// Called each second: closes what stalls.
  void sweep() {
    _silent += 1;
    final limit = switch (_state) {
      _State.head when _pending == null && _outbox.isEmpty => _idleSeconds,
      _State.head || _State.body => _exchange?._answered ?? false ? _lingerSeconds : stall.inSeconds,
      _State.waiting => _never,
      _State.lingering => _outbox.isEmpty ? _lingerSeconds : stall.inSeconds,
    };
    if (_silent >= limit) destroy();
  }

  static const _idleSeconds = 75;
  static const _lingerSeconds = 2;
  static const _never = 1 << 62;

  // In ------------------------------------------------------------------------------------------------------------------

  void _onEvent(RawSocketEvent event) {
    switch (event) {
      case RawSocketEvent.read:
        if (readSome(_socket, resume: () => !_paused && !_destroyed) case final chunk?) _take(chunk);
      case RawSocketEvent.write:
        if (!_destroyed) _writeMore();
      case RawSocketEvent.readClosed || RawSocketEvent.closed:
        _readClosed = true;
        // Who has said everything still gets the answer.
        if (_state != _State.waiting && _outbox.isEmpty) destroy();
    }
  }

  void _take(Uint8List chunk) {
    if (_state == _State.lingering) return;
    final pending = _pending;
    if (pending != null) {
      chunk = Uint8List(pending.length + chunk.length)
        ..setRange(0, pending.length, pending)
        ..setRange(pending.length, pending.length + chunk.length, chunk);
      _pending = null;
    }
    if (_state != _State.head || pending == null) _silent = 0;
    _process(chunk);
  }

  /// Goes on with the request that came behind the one just answered, if any.
  void _next() {
    _state = _State.head;
    _exchange = null;
    _silent = 0;
    if (_paused) _resume();
    final pending = _pending;
    if (_readClosed && pending == null) {
      if (_outbox.isEmpty) destroy();
    } else if (pending != null && !_inside) {
      _pending = null;
      _process(pending);
    }
  }

  /// Takes requests off the bytes while they can be answered, one after the other.
  void _process(Uint8List bytes) {
    if (_inside) {
      _pending = bytes;
      return;
    }
    _inside = true;
    try {
      Uint8List? rest = bytes;
      while (rest != null && rest.isNotEmpty && !_destroyed) {
        rest = switch (_state) {
          _State.head => _head(rest),
          _State.body => _chunks == null ? _plainBody(rest) : _chunkedBody(rest),
          _State.waiting => _keep(rest),
          _State.lingering => null,
        };
      }
    } on ParseError catch (error) {
      _write(_handler.unreadable(error));
      if (!_destroyed) _linger();
    } finally {
      _inside = false;
    }
    if (_readClosed && _state == _State.head && _outbox.isEmpty) destroy();
  }

  Uint8List? _keep(Uint8List bytes) {
    _pending = bytes;
    if (bytes.length > _mostAhead && !_paused) {
      _paused = true;
      _socket.readEventsEnabled = false;
    }
    return null;
  }

  void _resume() {
    _paused = false;
    _socket.readEventsEnabled = true;
  }

  Uint8List? _head(Uint8List bytes) {
    final parsed = parseHead(bytes);
    if (parsed == null) {
      _pending = bytes;
      return null;
    }
    final (:head, :length) = parsed;
    final exchange = _exchange = Exchange(this, head);
    _silent = 0;
    _bodySize = 0;
    final contentLength = head.contentLength;
    _chunks = contentLength == null ? ChunkedDecoder() : null;
    _bodyLeft = contentLength ?? 0;
    _state = contentLength == 0 ? _State.waiting : _State.body;
    _handler.begin(exchange);
    if (_state == _State.waiting && contentLength == 0 && exchange._most >= 0 && !exchange._answered) {
      _handler.body(exchange);
    }
    return length == bytes.length ? null : Uint8List.sublistView(bytes, length);
  }

  Uint8List? _plainBody(Uint8List bytes) {
    if (bytes.length < _bodyLeft) {
      _bodyLeft -= bytes.length;
      _collect(bytes);
      return null;
    }
    final end = _bodyLeft;
    _bodyLeft = 0;
    _collect(end == bytes.length ? bytes : Uint8List.sublistView(bytes, 0, end));
    _bodyDone();
    return end == bytes.length ? null : Uint8List.sublistView(bytes, end);
  }

  Uint8List? _chunkedBody(Uint8List bytes) {
    final chunks = _chunks!;
    try {
      _collect(chunks.add(bytes));
    } on ParseError {
      // What was answered already can't be answered again.
      if (!(_exchange?._answered ?? false)) rethrow;
      destroy();
      return null;
    }
    if (chunks.left < 0) return null;
    _bodyDone();
    return chunks.left == 0 ? null : Uint8List.sublistView(bytes, bytes.length - chunks.left);
  }

  void _collect(Uint8List bytes) {
    final exchange = _exchange;
    _bodySize += bytes.length;
    if (exchange == null || exchange._most < 0) return;
    if (_bodySize > exchange._most) {
      exchange._most = -1;
      exchange._body.clear();
      _handler.tooLarge(exchange);
    } else {
      exchange._body.add(bytes);
    }
  }

  void _bodyDone() {
    final exchange = _exchange;
    if (exchange == null || _state != _State.body) return;
    _chunks = null;
    if (exchange._answered) {
      _next();
      return;
    }
    _state = _State.waiting;
    _handler.body(exchange);
  }
}
