/// The environment, read once at start.
library;

import 'dart:convert';
import 'dart:io';
import 'dart:typed_data';

import 'native.dart';

/// A setting that can't be read. The message names the variable and says what it may be.
final class SettingError implements Exception {
  const SettingError(this.message);

  final String message;
}

final class Settings {
  Settings({
    required this.secret,
    this.host = '0.0.0.0',
    this.port = 3000,
    this.development = false,
    this.timeout = const Duration(seconds: 30),
    this.grace = const Duration(seconds: 10),
    this.maxBody = 20 * 1024 * 1024,
    this.concurrency = 100,
    this.workers = 1,
    this.functionEnvironment = const {},
  });

  factory Settings.read(Map<String, String> env) => Settings(
    secret: _secret(env),
    host: env['RUNTIME_HOST'] ?? '0.0.0.0',
    port: _whole(env, 'RUNTIME_PORT', 3000, 65535),
    development: env['RUNTIME_ENV'] == 'development',
    timeout: _seconds(env, 'RUNTIME_TIMEOUT', '30'),
    grace: _seconds(env, 'RUNTIME_GRACE', '10'),
    maxBody: _whole(env, 'RUNTIME_MAX_BODY', 20 * 1024 * 1024, 1024 * 1024 * 1024),
    concurrency: _whole(env, 'RUNTIME_CONCURRENCY', 100, 1000000),
    workers: _whole(env, 'RUNTIME_WORKERS', 1, 1024),
    functionEnvironment: _forFunction(env),
  );

  final Uint8List secret;
  final String host;
  final int port;
  final bool development;
  final Duration timeout;
  final Duration grace;
  final int maxBody;
  final int concurrency;
  final int workers;

  /// What the function's process is started with.
  final Map<String, String> functionEnvironment;
}

/// A positive decimal number of seconds, or null.
Duration? parseSeconds(String text) {
  if (!_decimal.hasMatch(text)) return null;
  final microseconds = double.parse(text) * Duration.microsecondsPerSecond;
  if (microseconds <= 0) return null;
  return microseconds < _longest.inMicroseconds ? Duration(microseconds: microseconds.ceil()) : _longest;
}

final _decimal = RegExp(r'^[0-9]{1,15}(\.[0-9]{1,15})?$');
final _digits = RegExp(r'^[0-9]{1,15}$');
const _longest = Duration(days: 366);

/// launch.sh hands the secret over through a descriptor, so that no process's environment ever shows it.
Uint8List _secret(Map<String, String> env) {
  final descriptor = int.tryParse(env['RUNTIME_SECRET_FD'] ?? '');
  final file = env['RUNTIME_SECRET_FILE'];
  final String name;
  Uint8List bytes;
  if (descriptor != null) {
    name = 'RUNTIME_SECRET';
    bytes = File('/proc/self/fd/$descriptor').readAsBytesSync();
    closeDescriptor(descriptor);
  } else if (file != null) {
    name = 'RUNTIME_SECRET_FILE';
    try {
      bytes = File(file).readAsBytesSync();
    } on FileSystemException catch (error) {
      throw SettingError(
        "RUNTIME_SECRET_FILE can't be read: $file: ${error.osError?.message ?? error.message}",
      );
    }
  } else {
    throw const SettingError(
      'RUNTIME_SECRET is not set: give it, or RUNTIME_SECRET_FILE, the secret that callers must send',
    );
  }
  var end = bytes.length;
  if (end > 0 && bytes[end - 1] == 0x0a) end -= 1;
  if (end > 0 && end < bytes.length && bytes[end - 1] == 0x0d) end -= 1;
  if (end == 0) throw SettingError('$name is empty: it must hold the secret that callers must send');
  return Uint8List.sublistView(bytes, 0, end);
}

int _whole(Map<String, String> env, String name, int fallback, int most) {
  final text = env[name];
  if (text == null) return fallback;
  final value = _digits.hasMatch(text) ? int.parse(text) : 0;
  if (value >= 1 && value <= most) return value;
  throw SettingError('$name is ${jsonEncode(text)}: it must be a whole number from 1 to $most');
}

Duration _seconds(Map<String, String> env, String name, String fallback) {
  final text = env[name] ?? fallback;
  final value = parseSeconds(text);
  if (value != null && value <= const Duration(days: 365)) return value;
  throw SettingError('$name is ${jsonEncode(text)}: it must be a positive number of seconds, at most a year');
}

/// launch.sh gives the server other DART_VM_OPTIONS than those that were set: they are meant for the function.
Map<String, String> _forFunction(Map<String, String> env) {
  final options = env['RUNTIME_DART_VM_OPTIONS'];
  return {
    for (final MapEntry(:key, :value) in env.entries)
      if (!key.startsWith('RUNTIME_') && key != 'DART_VM_OPTIONS') key: value,
    'DART_VM_OPTIONS': ?options,
  };
}
