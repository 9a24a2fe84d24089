/// One end of the stream socket between the server and a function process.
library;

import 'dart:async';
import 'dart:io';
import 'dart:typed_data';

/// Reads what a socket has, up to a limit: dart:io would go on with a socket for as long as there is more, and let all else
/// wait.
Uint8List? readSome(RawSocket socket, {required bool Function() resume}) {
  const most = 65536;
  final available = socket.available();
  if (available <= most) return socket.read();
  socket.readEventsEnabled = false;
  Timer.run(() {
    if (resume()) socket.readEventsEnabled = true;
  });
  return socket.read(most);
}

/// Collects what is to be sent during one turn of the event loop and writes it at once.
final class Channel {
  Channel(this._socket, {required void Function(Uint8List chunk) take, required void Function() closed})
    : _take = take,
      _closed = closed {
    _socket
      ..writeEventsEnabled = false
      ..listen(
        (event) {
          switch (event) {
            case RawSocketEvent.read:
              if (readSome(_socket, resume: () => !_ended) case final chunk?) _take(chunk);
            case RawSocketEvent.write:
              _blocked = false;
              flush();
            case RawSocketEvent.readClosed || RawSocketEvent.closed:
              _end();
          }
        },
        onError: (_) {
          // Where the other side ended without having read everything, what it had written is still to be had.
          takeRest();
          _end();
        },
        onDone: _end,
      );
  }

  static const _oneWriteBytes = 65536;
  static const _oneReadBytes = 65536;

  final RawSocket _socket;
  final void Function(Uint8List chunk) _take;
  final void Function() _closed;
  final _queue = <Uint8List>[];
  int _first = 0;

  /// How much of the first one is written.
  int _offset = 0;
  int _queued = 0;
  bool _scheduled = false;
  bool _blocked = false;
  bool _ended = false;

  /// Bytes that the socket has not taken yet.
  int get queued => _queued;

  /// Whether there are frames that go out at the end of this turn.
  bool get isScheduled => _scheduled;

  /// Queues a frame to go out with the others of this turn, behind which [last] may add one.
  void send(Uint8List frame, {void Function()? last}) {
    add(frame);
    if (_scheduled) return;
    _scheduled = true;
    Timer.run(() {
      _scheduled = false;
      last?.call();
      flush();
    });
  }

  /// Queues a frame that waits for the next [flush].
  void add(Uint8List frame) {
    if (_ended) return;
    _queue.add(frame);
    _queued += frame.length;
  }

  /// Writes what the socket takes; the rest goes when it takes more.
  void flush() {
    if (!_blocked) write();
  }

  /// Tries to write, whether the socket was full before or not.
  void write() {
    while (_queued > 0 && !_ended) {
      if (_queue.length - _first > 1) _join();
      final bytes = _queue[_first];
      final written = _socket.write(bytes, _offset);
      _queued -= written;
      _offset += written;
      if (_offset < bytes.length) {
        _blocked = true;
        _socket.writeEventsEnabled = true;
        return;
      }
      _first += 1;
      _offset = 0;
      if (_first == _queue.length) {
        _queue.clear();
        _first = 0;
      }
    }
  }

  /// Takes everything that is there to be read.
  void takeRest() {
    if (_ended) return;
    for (var chunk = _socket.read(_oneReadBytes); chunk != null; chunk = _socket.read(_oneReadBytes)) {
      _take(chunk);
    }
  }

  void close() {
    _ended = true;
    unawaited(_socket.close());
  }

  /// Makes one buffer of the small frames at the head of the queue.
  void _join() {
    var length = _queue[_first].length - _offset;
    var end = _first + 1;
    while (end < _queue.length && length + _queue[end].length <= _oneWriteBytes) {
      length += _queue[end].length;
      end += 1;
    }
    if (end == _first + 1) return;
    final joined = Uint8List(length);
    var at = 0;
    for (var index = _first; index < end; index += 1) {
      final part = _queue[index];
      joined.setRange(at, at += part.length - _offset, part, _offset);
      _offset = 0;
    }
    _queue
      ..removeRange(0, end)
      ..insert(0, joined);
    _first = 0;
  }

  void _end() {
    if (_ended) return;
    close();
    _closed();
  }
}
