/// The function process: runs the function for each invocation that the server sends.
library;

import 'dart:async';
import 'dart:io';
import 'dart:typed_data';

import 'package:slipway/runtime.dart';

import '../channel.dart';
import '../contract.dart';
import '../frames.dart';
import '../native.dart';
import 'frames.dart';
import 'output.dart';
import 'request.dart';

/// What a function looks like: asynchronous or not.
typedef SlipwayFunction = FutureOr<void> Function(Request req, Response res);

/// Connects to the server's socket of that name and runs what comes from there, until the socket closes.
Future<void> runFunction(SlipwayFunction function, String socketName) async {
  leaveGroup();
  preferToDie();
  final address = InternetAddress(socketName, type: InternetAddressType.unix);
  final socket = await RawSocket.connect(address, 0);
  final worker = _Worker(function, socket);
  IOOverrides.global = CapturedOutput(worker._speakHere);
  worker._ready();
}

/// Where memory runs out the kernel ends this process and not the server.
void preferToDie() {
  try {
    File('/proc/self/oom_score_adj').writeAsStringSync('1000');
  } on FileSystemException {
    // Not on this system: then the kernel chooses.
  }
}

/// An invocation that runs, or has run: its zone keeps it for as long as anything of it is alive.
final class Running {
  Running(this.number);

  final int number;

  /// Its unfinished lines on standard output and error.
  final PartialLines lines = PartialLines();
  bool cancelled = false;
}

final class _Worker {
  _Worker(this._function, RawSocket socket) {
    _channel = Channel(socket, take: _take, closed: () => exit(0));
  }

  static final _noLines = Running(0);

  final SlipwayFunction _function;
  late final Channel _channel;
  late final _reader = FrameReader(_takeFrame);
  final _running = <int, Running>{};
  final _server = parent();
  bool _taking = false;

  /// Among the frames that are being taken was something whose answer is not to wait.
  bool _hurry = false;

  /// A ping or a mark was answered, and that may not have been sent yet.
  bool _marked = false;
  bool _draining = false;

  late final _zone = ZoneSpecification(
    print: (_, _, _, line) => _print(line),
    handleUncaughtError: (_, _, zone, error, stack) => _speak(_of(zone), Level.error, describe(error, stack)),
  );

  /// The invocation whose code this is.
  static Running _of(Zone zone) => zone[_runningKey] as Running? ?? _noLines;

  static const _runningKey = #slipwayRunning;

  void _ready() => _sendNow(newFrame(Kind.ready, 0, 0));

  void _take(Uint8List chunk) {
    _taking = true;
    _hurry = false;
    _reader.add(chunk);
    _taking = false;
    // The answers of what ended without waiting go out together.
    if (_hurry) _channel.flush();
  }

  void _takeFrame(int kind, int number, Uint8List bytes) {
    switch (kind) {
      case Kind.invoke:
        // Should the process end with this one, the server must know that it has begun.
        if (_marked) _flushAll();
        _marked = false;
        _invoke(number, bytes);
      case Kind.cancel:
        _running.remove(number)?.cancelled = true;
        if (_draining) _endWhenDrained();
      case Kind.ping:
        _channel.add(newFrame(Kind.pong, number, 0));
        _marked = true;
        _hurry |= number == Asks.life;
      case Kind.drain:
        _draining = true;
        _endWhenDrained();
    }
  }

  // One invocation ------------------------------------------------------------------------------------------------------

  void _invoke(int number, Uint8List bytes) {
    final running = Running(number);
    final Request request;
    try {
      request = readRequest(bytes, (level, message) => _speak(running, level, message), (trace) {
        _channel.add(textFrame(Kind.trace, number, trace));
      });
    } on RequestError catch (error) {
      _sendLast(refusalFrame(number, error.code, error.message));
      return;
    }
    _running[number] = running;
    Zone.current
        .fork(specification: _zone, zoneValues: {_runningKey: running})
        .run(() => _run(running, request));
  }

  void _run(Running running, Request request) {
    final response = Response();
    try {
      final FutureOr<void> result = _function(request, response);
      if (result is Future<void>) {
        unawaited(
          result.then(
            (_) => _end(running, response),
            onError: (Object error, StackTrace stack) => _fail(running, response, error, stack),
          ),
        );
      } else {
        _end(running, response);
      }
    } on Object catch (error, stack) {
      _fail(running, response, error, stack);
    }
  }

  void _end(Running running, Response response) {
    if (!_finish(running, response)) return;
    final number = running.number;
    _sendLast(switch (answerOf(response)) {
      null => refusalFrame(number, Code.noResponse, 'The function ended without an answer.'),
      InvalidAnswer(:final reason) => refusalFrame(
        number,
        Code.invalidResponse,
        "The function's answer can't be sent: $reason.",
      ),
      final GoodAnswer answer => answerFrame(number, answer),
    });
  }

  void _fail(Running running, Response response, Object error, StackTrace stack) {
    final description = describe(error, stack);
    _speak(running, Level.error, description);
    // The first answer stands, whatever came after it.
    if (answerOf(response) != null) {
      _end(running, response);
    } else if (_finish(running, response)) {
      _sendLast(refusalFrame(running.number, Code.functionError, description));
    }
  }

  /// False where the invocation was cancelled and nobody waits for what it answers.
  bool _finish(Running running, Response response) {
    running.lines.finish((level, line) => _speak(running, level, line));
    closeResponse(response);
    if (running.cancelled) return false;
    _running.remove(running.number);
    return true;
  }

  /// Sends the end of an invocation: at once when nothing else is in flight.
  void _sendLast(Uint8List frame) {
    if (_taking) {
      _channel.add(frame);
      _hurry = true;
    } else if (_running.isEmpty) {
      _sendNow(frame);
    } else {
      _channel.send(frame);
    }
    if (_draining) _endWhenDrained();
  }

  void _endWhenDrained() {
    if (_running.isNotEmpty) return;
    _channel.flush();
    if (_channel.queued == 0) exit(0);
    Timer(const Duration(milliseconds: 5), _endWhenDrained);
  }

  // Log lines -----------------------------------------------------------------------------------------------------------

  /// The function may never yield again, or end its process: the line goes out before it goes on.
  void _speak(Running running, Level level, String message) =>
      _sendNow(logFrame(running.number, level, message));

  void _speakHere(Level level, List<int> bytes) {
    final running = _of(Zone.current);
    running.lines.add(level, bytes, (line) => _speak(running, level, line));
  }

  void _print(String line) {
    final running = _of(Zone.current);
    running.lines.addLine(line, (text) => _speak(running, Level.info, text));
  }

  void _sendNow(Uint8List frame) {
    _channel.add(frame);
    _flushAll();
  }

  /// Comes back when the socket has taken everything.
  void _flushAll() {
    _channel.write();
    while (_channel.queued > 0) {
      // Nobody reads any more.
      if (parent() != _server) exit(0);
      sleep(const Duration(milliseconds: 1));
      _channel.write();
    }
  }
}

/// An exception with its stack.
String describe(Object error, StackTrace stack) {
  final what = _printed(() => '${error.runtimeType}: $error') ?? "an exception that can't be printed";
  final where = _printed(() => '$stack') ?? "a stack that can't be printed";
  return '$what\n$where'.trimRight();
}

/// Both may be the function's own code, and fail in turn.
String? _printed(String Function() text) {
  try {
    return text();
  } on Object {
    return null;
  }
}
