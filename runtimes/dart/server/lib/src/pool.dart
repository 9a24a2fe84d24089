/// The function processes: which one takes an invocation, and what replaces one that hangs or ends.
library;

import 'dart:async';
import 'dart:math';
import 'dart:typed_data';

import 'package:slipway/slipway.dart' show Level;

import 'answer.dart';
import 'contract.dart';
import 'control.dart';
import 'frames.dart';
import 'function_process.dart';
import 'invocation.dart';
import 'logs.dart';

/// How an invocation ends.
abstract interface class Outcomes {
  void answered(Invocation invocation, FunctionAnswer answer);
  void refused(Invocation invocation, Refusal refusal);
}

/// What an id is remembered by after its invocation has ended.
typedef _Remembered = ({int number, String id, String? trace});

final class Pool implements ProcessEvents {
  Pool({
    required Map<String, String> environment,
    required int workers,
    required String? missing,
    required Log log,
    required Outcomes outcomes,
  }) : _environment = environment,
       _log = log,
       _missing = missing,
       _outcomes = outcomes {
    if (missing != null) {
      log.write(Level.error, null, "the function can't be loaded: $missing");
      _loaded.complete();
      return;
    }
    for (var index = 0; index < workers; index += 1) {
      _workers.add(FunctionProcess(environment, this));
    }
  }

  static const _tick = Duration(milliseconds: 20);

  /// How often a process with invocations in flight is asked for a sign of life.
  static const _pingMs = 100;

  /// A process that stays silent for so long past a deadline does not yield.
  static const _silentMs = 250;

  /// What runs beside a hung invocation waits for the same thread: after so long it will not get it back.
  static const _hopelessMs = 1250;

  /// Background output finds its id among so many of the latest invocations.
  static const _rememberedCount = 4096;
  static const _firstRetry = Duration(seconds: 1);
  static const _lastRetry = Duration(seconds: 30);

  final Map<String, String> _environment;

  /// Why there is no function at all, or null.
  final String? _missing;
  final Log _log;
  final Outcomes _outcomes;
  final _workers = <FunctionProcess>[];
  final _retired = <FunctionProcess>{};
  final _flight = <int, Invocation>{};
  final _remembered = List<_Remembered?>.filled(_rememberedCount, null);
  final _loaded = Completer<void>();
  FunctionProcess? _standby;
  bool _keepStandby = false;
  bool _stopped = false;
  bool _ticking = false;
  Duration _retryAfter = _firstRetry;
  double _nextDeadline = double.infinity;
  int _number = 0;

  /// Completes when each process has loaded the function or failed to.
  Future<void> get started => _loaded.future;

  int get inFlight => _flight.length;

  Iterable<Invocation> get invocations => _flight.values;

  /// Why no process can take an invocation, or null where one can.
  String? get failure {
    if (_missing != null) return _missing;
    return _workers.every((worker) => worker.state == ProcessState.failed) ? _workers.first.failure : null;
  }

  void invoke(Invocation invocation, Uint8List body) {
    final process = _choose();
    _number = _number == 0xffffffff ? 1 : _number + 1;
    invocation
      ..number = _number
      ..process = process;
    _flight[_number] = invocation;
    _remember(invocation);
    _nextDeadline = min(_nextDeadline, invocation.deadline);
    process.invoke(invocation, body);
    _tickLater();
  }

  /// Ends every invocation that is still in flight.
  void refuseAll(Refusal refusal) {
    for (final invocation in _flight.values.toList()) {
      _refuse(invocation, refusal);
    }
  }

  void drain() {
    _stopped = true;
    for (final worker in _workers) {
      worker.drain();
    }
  }

  void stop() {
    _stopped = true;
    for (final process in [..._workers, ..._retired, ?_standby]) {
      process.kill();
    }
  }

  FunctionProcess _choose() {
    FunctionProcess? chosen;
    for (final worker in _workers) {
      if (worker.state == ProcessState.failed) continue;
      if (chosen == null || worker.inFlight < chosen.inFlight) chosen = worker;
    }
    return chosen ?? _workers.first;
  }

  List<Invocation> _of(FunctionProcess process) => [
    for (final invocation in _flight.values)
      if (identical(invocation.process, process)) invocation,
  ];

  void _remember(Invocation invocation) {
    final Invocation(:number, :id, :trace) = invocation;
    _remembered[number % _rememberedCount] = (number: number, id: id, trace: trace);
  }

  // What a process sends ------------------------------------------------------------------------------------------------

  @override
  void alive(FunctionProcess process) {
    for (final invocation in _flight.values) {
      if (!identical(invocation.process, process)) continue;
      if (process.mayHaveBegun(invocation)) invocation.untaken = null;
    }
  }

  @override
  void frame(FunctionProcess process, int kind, int number, Uint8List bytes) {
    final invocation = _flight[number];
    // An answer may come from a process that was replaced and has nothing to say about it any more.
    if (invocation != null && !identical(invocation.process, process)) return;
    switch (kind) {
      case Kind.answer when invocation != null:
        _end(invocation);
        _outcomes.answered(invocation, FunctionAnswer.read(bytes));
      case Kind.refuse when invocation != null:
        final frame = FrameBytes(bytes);
        final code = Code.named(frame.ascii(frame.byte()));
        _refuse(invocation, Refusal(code, frame.restAsText()));
      case Kind.log:
        final frame = FrameBytes(bytes);
        _write(invocation, number, frame.byte() == 1 ? Level.error : Level.info, frame.restAsText());
      case Kind.trace when invocation != null:
        invocation.trace ??= String.fromCharCodes(bytes);
        _remember(invocation);
    }
  }

  @override
  void output(FunctionProcess process, Level level, String line) {
    // It belongs to the one invocation in flight, or to none when there are several.
    final candidates = process.inFlight == 1 ? _of(process) : const <Invocation>[];
    _write(candidates.firstOrNull, 0, level, line);
  }

  void _write(Invocation? invocation, int number, Level level, String message) {
    if (invocation != null) {
      final time = _log.write(level, invocation.id, message, invocation.trace);
      invocation.log?.add(time, level, message);
      return;
    }
    final remembered = number == 0 ? null : _remembered[number % _rememberedCount];
    if (remembered != null && remembered.number == number) {
      _log.write(level, remembered.id, message, remembered.trace);
    } else {
      _log.write(level, null, message);
    }
  }

  void _end(Invocation invocation) {
    final process = invocation.process!;
    // After it, a line is that of the one that is left, or of none.
    if (process.inFlight <= 2) process.endLines();
    _flight.remove(invocation.number);
    process.inFlight -= 1;
    if (process.retired && process.inFlight == 0) process.kill();
  }

  void _refuse(Invocation invocation, Refusal refusal) {
    _end(invocation);
    _outcomes.refused(invocation, refusal);
  }

  // Loading, ending, replacing ------------------------------------------------------------------------------------------

  @override
  void loaded(FunctionProcess process) {
    if (process.state == ProcessState.ready) {
      _retryAfter = _firstRetry;
      if (_keepStandby) Timer(const Duration(milliseconds: 200), _prepareStandby);
    } else {
      _log.write(Level.error, null, "the function can't be loaded: ${process.failure}");
      for (final invocation in _of(process)) {
        _refuse(invocation, notLoaded);
      }
      if (_loaded.isCompleted) {
        // It could be loaded before: whatever is missing may come back.
        Timer(_retryAfter, () => _replace(process));
        _retryAfter = _retryAfter * 2 < _lastRetry ? _retryAfter * 2 : _lastRetry;
      }
    }
    final loading = _workers.any((worker) => worker.state == ProcessState.loading);
    if (!loading && !_loaded.isCompleted) _loaded.complete();
  }

  static const notLoaded = Refusal(
    Code.functionNotLoaded,
    'The function could not be loaded; the log says why.',
  );

  @override
  void gone(FunctionProcess process, String reason) {
    if (identical(process, _standby)) _standby = null;
    final expected = _retired.remove(process) || process.retired || _stopped;
    if (_workers.contains(process) && process.state != ProcessState.failed && !_stopped) {
      if (!expected) _keepStandby = true;
      _replace(process);
    }
    if (!_stopped) _handOver(process);
    if (!expected && process.inFlight == 0) {
      _log.write(Level.error, null, "the function's process ended: $reason");
    }
    for (final invocation in _of(process)) {
      _write(invocation, invocation.number, Level.error, "the function's process ended: $reason");
      _refuse(invocation, Refusal(Code.functionError, "the function's process ended: $reason"));
    }
  }

  /// Gives what a process that has ended has certainly not begun to another one.
  void _handOver(FunctionProcess process) {
    for (final invocation in _of(process)) {
      final body = invocation.untaken;
      if (body == null || process.mayHaveBegun(invocation)) continue;
      process.inFlight -= 1;
      final next = invocation.process = _choose();
      next.invoke(invocation, body);
    }
  }

  /// Puts the standby, or a new process, in the place of another.
  void _replace(FunctionProcess process) {
    final index = _workers.indexOf(process);
    if (index < 0 || _stopped) return;
    if (process.state == ProcessState.failed) process.kill();
    _workers[index] = _standby ?? FunctionProcess(_environment, this);
    _standby = null;
  }

  void _prepareStandby() {
    if (!_stopped) _standby ??= FunctionProcess(_environment, this);
  }

  // Deadlines -----------------------------------------------------------------------------------------------------------

  /// One timer for all invocations, running only while there are some: a timer for each would cost more than it tells.
  void _tickLater() {
    if (_ticking) return;
    _ticking = true;
    Timer(_tick, _onTick);
  }

  void _onTick() {
    _ticking = false;
    final now = DateTime.now().millisecondsSinceEpoch;
    if (now >= _nextDeadline) _endOverdue(now);
    var busy = false;
    for (final worker in [..._workers]) {
      if (worker.state == ProcessState.ready) _watch(worker, now);
      busy = busy || worker.inFlight > 0 || worker.pingedAt != 0;
    }
    for (final process in [..._retired]) {
      if (process.pingedAt != 0 && now - process.pingedAt >= _hopelessMs) process.kill();
    }
    if (busy || _retired.isNotEmpty) _tickLater();
  }

  void _endOverdue(int now) {
    _nextDeadline = double.infinity;
    for (final invocation in _flight.values.toList()) {
      if (invocation.deadline > now) {
        _nextDeadline = min(_nextDeadline, invocation.deadline);
        continue;
      }
      invocation.process!
        ..overdue = invocation
        ..cancel(invocation.number);
      _refuse(invocation, const Refusal(Code.timeout, 'The function did not answer in time.'));
    }
  }

  /// Tells a process that awaits from one that does not yield.
  void _watch(FunctionProcess process, int now) {
    if (process.pingedAt == 0) {
      process.overdue = null;
      if (process.inFlight > 0 && now - process.pongedAt >= _pingMs) process.ping();
      return;
    }
    final silent = now - process.pingedAt;
    if (silent >= _pingMs) _prepareStandby();
    if (process.overdue case final overdue? when silent >= _silentMs) _retire(process, overdue);
  }

  void _retire(FunctionProcess process, Invocation overdue) {
    const message = 'the function does not yield: its process is replaced';
    _log.write(Level.error, overdue.id, message, overdue.trace);
    process.retired = true;
    _retired.add(process);
    _replace(process);
    if (process.inFlight == 0) process.kill();
  }
}
