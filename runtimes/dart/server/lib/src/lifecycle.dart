/// The beginning and the end of the server.
library;

import 'dart:async';
import 'dart:convert';
import 'dart:io';

import 'package:slipway/slipway.dart' show Level;

import 'contract.dart';
import 'control.dart';
import 'logs.dart';
import 'native.dart';
import 'pool.dart';
import 'server.dart';
import 'settings.dart';

const _flushLimit = Duration(milliseconds: 500);

/// Serves until a signal ends it. `missing` says why there is no function, where there is none.
Future<void> serve({required String? missing}) async {
  // The secret is going to be in it.
  hideMemory();
  final log = Log(stdout);
  await runZonedGuarded(() => _serve(log, missing), (error, stack) async {
    final message = switch (error) {
      SettingError(:final message) => message,
      _ => 'the server failed: $error\n$stack',
    };
    log.write(Level.error, null, message);
    await log.flush(_flushLimit);
    exit(error is SettingError ? configurationExit : 1);
  });
}

Future<void> _serve(Log log, String? missing) async {
  final settings = Settings.read(Platform.environment);
  final server = Server(settings);
  final pool = server.pool = Pool(
    environment: settings.functionEnvironment,
    workers: settings.workers,
    missing: missing,
    log: log,
    outcomes: server,
  );
  _drainOnSignal(settings, pool, server, log);
  await pool.started;
  try {
    await server.listen();
  } on SocketException catch (error) {
    pool.stop();
    final why = error.osError?.message ?? error.message;
    throw SettingError(
      "RUNTIME_HOST is ${jsonEncode(settings.host)} and RUNTIME_PORT is ${settings.port}: they can't be listened on ($why)",
    );
  }
  log.write(Level.info, null, 'listening on ${settings.host}:${settings.port}');
}

void _drainOnSignal(Settings settings, Pool pool, Server server, Log log) {
  var draining = false;
  void drain(ProcessSignal _) {
    if (draining) return;
    draining = true;
    unawaited(_shutDown(settings, pool, server, log));
  }

  ProcessSignal.sigterm.watch().listen(drain);
  ProcessSignal.sigint.watch().listen(drain);
}

Future<void> _shutDown(Settings settings, Pool pool, Server server, Log log) async {
  final end = DateTime.now().add(settings.grace);
  final closed = server.close();
  pool.drain();
  while (pool.inFlight > 0 && DateTime.now().isBefore(end)) {
    await Future<void>.delayed(const Duration(milliseconds: 5));
  }
  const message = 'The runtime shut down before the function had answered.';
  pool.refuseAll(const Refusal(Code.shuttingDown, message));
  // The last answers are on their way to clients that may be slow, or idle on a connection that they keep.
  await closed.timeout(_flushLimit, onTimeout: () {});
  while (server.isSending && DateTime.now().isBefore(end)) {
    await Future<void>.delayed(const Duration(milliseconds: 5));
  }
  pool.stop();
  await log.flush(_flushLimit);
  exit(0);
}
