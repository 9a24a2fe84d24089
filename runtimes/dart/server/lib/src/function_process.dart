/// One function process, seen from the server: its socket, its output and what it has in flight.
library;

import 'dart:async';
import 'dart:convert';
import 'dart:io';
import 'dart:math' show Random;
import 'dart:typed_data';

import 'package:slipway/slipway.dart' show Level;

import 'channel.dart';
import 'frames.dart';
import 'invocation.dart';
import 'logs.dart';

/// What a process reports to whoever started it.
abstract interface class ProcessEvents {
  void loaded(FunctionProcess process);
  void alive(FunctionProcess process);
  void frame(FunctionProcess process, int kind, int number, Uint8List bytes);
  void output(FunctionProcess process, Level level, String line);
  void gone(FunctionProcess process, String reason);
}

enum ProcessState { loading, ready, failed }

final class FunctionProcess {
  /// The program is the server's own, which is a function process as well; tests have another one, and wait for less.
  FunctionProcess(
    this._environment,
    this._events, {
    String? program,
    Duration connectLimit = const Duration(seconds: 30),
  }) {
    unawaited(_start(program ?? Platform.resolvedExecutable, connectLimit));
  }

  static const _largeBody = 65536;

  final Map<String, String> _environment;
  final ProcessEvents _events;
  final _early = <Uint8List>[];
  final _printed = <LineCutter>[];
  Process? _process;
  Channel? _channel;
  String? _ended;
  bool _gone = false;

  ProcessState state = ProcessState.loading;

  /// Why the function could not be loaded.
  String? failure;

  /// How many invocations it has in flight; one that is overdue is answered and counts no more.
  int inFlight = 0;

  /// A retired process takes nothing new and is killed when it has nothing in flight.
  bool retired = false;

  /// When the ping that is not answered yet was sent, in milliseconds since 1970, or 0.
  int pingedAt = 0;

  /// When the last pong came.
  int pongedAt = 0;

  /// How many pings and marks it was sent, and how many of them it has answered, in order.
  int _asked = 0;
  int _answered = 0;

  /// Whether no mark parts what was sent last from what will be.
  bool _unmarked = false;

  /// The invocation that was answered 504 since the last ping went out, or null.
  Invocation? overdue;

  /// Starts the program as a function process, which connects to a socket that has a name of its own.
  Future<void> _start(String program, Duration connectLimit) async {
    final name = '@slipway-${_randomName()}';
    RawServerSocket? listener;
    try {
      listener = await RawServerSocket.bind(InternetAddress(name, type: InternetAddressType.unix), 0);
      final process = await Process.start(
        program,
        ['function', name],
        environment: _environment,
        includeParentEnvironment: false,
      );
      _process = process;
      unawaited(process.exitCode.then(_exited));
      _capture(process.stdout, Level.info);
      _capture(process.stderr, Level.error);
      process.stdin.done.ignore();
      if (retired) kill();
      await for (final socket in listener.timeout(connectLimit)) {
        // Whoever else finds the name is sent away.
        if (_peerOf(socket) != process.pid) {
          await socket.close();
          continue;
        }
        _connected(socket);
        break;
      }
    } on Object catch (error) {
      if (_ended == null) {
        _ended = 'it could not be started: $error';
        _process?.kill(ProcessSignal.sigkill);
      }
      _close();
    } finally {
      await listener?.close();
    }
  }

  static String _randomName() {
    final random = Random.secure();
    return [for (var index = 0; index < 4; index += 1) random.nextInt(1 << 32).toRadixString(36)].join();
  }

  static int _peerOf(RawSocket socket) {
    const solSocket = 1, soPeercred = 17;
    final credentials = socket.getRawOption(RawSocketOption(solSocket, soPeercred, Uint8List(12)));
    return ByteData.sublistView(credentials).getInt32(0, Endian.host);
  }

  void _connected(RawSocket socket) {
    final channel = _channel = Channel(socket, take: FrameReader(_take).add, closed: _disconnected);
    _early
      ..forEach(channel.add)
      ..clear();
    channel.flush();
  }

  void _capture(Stream<List<int>> stream, Level level) {
    final lines = LineCutter((line) => _events.output(this, level, line));
    _printed.add(lines);
    stream.listen(lines.add, onError: (_) {}, onDone: lines.close);
  }

  /// Ends the lines that have begun to be printed. What follows may be another invocation's.
  void endLines() {
    for (final lines in _printed) {
      lines.close();
    }
  }

  /// Sends an invocation with its body.
  void invoke(Invocation invocation, Uint8List body) {
    // Before it, a line was that of the one in flight, or of none.
    if (inFlight <= 1) endLines();
    if (inFlight > 0 && !(_channel?.isScheduled ?? false)) _mark();
    inFlight += 1;
    invocation
      ..untaken = body
      ..behind = _asked;
    _unmarked = true;
    final Invocation(:id, :rawHead) = invocation;
    final fixed = 14 + id.length + rawHead.length;
    final small = body.length <= _largeBody;
    final frame = newFrame(
      Kind.invoke,
      invocation.number,
      small ? fixed + body.length : fixed,
      following: small ? 0 : body.length,
    );
    final writer = FrameWriter(frame)
      ..byte(invocation.choices.raw ? 1 : 0)
      ..number(invocation.deadline)
      ..byte(id.length)
      ..ascii(id)
      ..word(rawHead.length)
      ..bytes(rawHead);
    if (small) writer.bytes(body);
    _send(frame);
    if (!small) _send(body);
    // Alone in flight: nothing would share the write. Otherwise this turn's frames go out together.
    if (inFlight == 1) _channel?.flush();
  }

  /// Frames are taken in order: what is behind a ping or a mark has certainly not begun until the pong.
  bool mayHaveBegun(Invocation invocation) => invocation.behind <= _answered;

  /// Parts what follows from what was sent.
  void _mark() {
    final channel = _channel;
    if (!_unmarked || channel == null) return;
    _unmarked = false;
    _asked += 1;
    channel.add(newFrame(Kind.ping, Asks.mark, 0));
  }

  /// At the end of a turn. An invocation that is alone may well end before there is another.
  void _markLast() {
    if (inFlight > 1) _mark();
  }

  /// Tells the function process that an invocation is overdue.
  void cancel(int number) {
    _send(newFrame(Kind.cancel, number, 0));
    ping();
  }

  void ping() {
    if (pingedAt != 0) return;
    pingedAt = DateTime.now().millisecondsSinceEpoch;
    _asked += 1;
    _send(newFrame(Kind.ping, Asks.life, 0));
    _channel?.flush();
  }

  void drain() => _send(newFrame(Kind.drain, 0, 0));

  /// Ends it and whatever it started, without a word in the log.
  void kill() {
    retired = true;
    final process = _process;
    if (process == null || _ended != null) return;
    _killGroup();
    process.kill(ProcessSignal.sigkill);
  }

  /// Its group, once it has one of its own.
  void _killGroup() => Process.killPid(-_process!.pid, ProcessSignal.sigkill);

  void _send(Uint8List bytes) {
    final channel = _channel;
    if (channel == null) {
      _early.add(bytes);
    } else {
      channel.send(bytes, last: _markLast);
    }
  }

  void _take(int kind, int number, Uint8List bytes) {
    switch (kind) {
      case Kind.pong:
        _answered += 1;
        if (number != Asks.life) return;
        pingedAt = 0;
        pongedAt = DateTime.now().millisecondsSinceEpoch;
        _events.alive(this);
      case Kind.ready:
        state = ProcessState.ready;
        // Loading may have taken its only thread: that was no silence.
        if (pingedAt != 0) pingedAt = DateTime.now().millisecondsSinceEpoch;
        _events.loaded(this);
      case Kind.failed:
        _fail(utf8.decode(bytes, allowMalformed: true));
      default:
        _events.frame(this, kind, number, bytes);
    }
  }

  void _fail(String reason) {
    state = ProcessState.failed;
    failure = reason;
    _events.loaded(this);
  }

  void _exited(int code) {
    _ended = code < 0 ? 'signal ${-code}' : 'exit code $code';
    // What it has started goes with it.
    _killGroup();
    // What it wrote last may still be in the socket; a child of its own may hold the socket open for ever.
    Timer(Duration(milliseconds: _channel == null ? 0 : 100), _close);
  }

  /// A function may close the descriptor and live on, or this is the first sign of an exit: give that a moment.
  void _disconnected() {
    if (_ended != null) return _close();
    Timer(const Duration(milliseconds: 50), () {
      if (_ended == null) {
        _ended = 'its socket was closed';
        _process?.kill(ProcessSignal.sigkill);
      }
      _close();
    });
  }

  /// No answer can come any more.
  void _close() {
    if (_gone) return;
    _gone = true;
    _channel
      ?..takeRest()
      ..close();
    if (state == ProcessState.loading && !retired) _fail('the process ended while loading it: $_ended');
    _events.gone(this, _ended!);
  }
}
