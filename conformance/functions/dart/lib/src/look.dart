/// Steps that look.
library;

import 'dart:convert';
import 'dart:io';

import 'package:stamp/stamp.dart';

import 'invocation.dart';
import 'time.dart';

int _count = 0;

void addOne(Step step, Invocation invocation) => invocation.seen['count'] = _count += 1;

void getenv(Step step, Invocation invocation) {
  final name = step.want<String>('name');
  invocation.add('getenv', name, Platform.environment[name]);
}

Future<void> findSecret(Step step, Invocation invocation) async {
  final secret = String.fromCharCodes(step.want<String>('reversed').codeUnits.reversed);
  final places = invocation.seen['secret'] = <String>[];
  void look(String place, String text) {
    if (text.contains(secret)) places.add(place);
  }

  look('req.headers', '${invocation.req.headers}');
  look('req.env', '${invocation.req.env}');
  look('Platform.environment', '${Platform.environment}');
  await for (final entry in Directory('/proc').list()) {
    if (!RegExp(r'^/proc/[0-9]+$').hasMatch(entry.path)) continue;
    for (final name in ['environ', 'cmdline']) {
      final path = '${entry.path}/$name';
      try {
        look(path, utf8.decode(await File(path).readAsBytes(), allowMalformed: true));
      } on FileSystemException {
        // Another user's process, or one that has just ended: it can't be read.
      }
    }
  }
}

void write(Step step, Invocation invocation) {
  final path = step.want<String>('path');
  var outcome = 'written';
  try {
    File(path).writeAsStringSync('written by the conformance function\n');
  } on FileSystemException catch (problem) {
    outcome = '$problem';
  }
  invocation.add('write', path, outcome);
}

Future<void> fetch(Step step, Invocation invocation) async {
  final host = step.want<String>('host');
  final port = step.want<num>('port').toInt();
  final limit = milliseconds(step.want<num>('timeout_ms'));
  try {
    final socket = await Socket.connect(host, port, timeout: limit);
    socket.destroy();
    invocation.seen['fetch'] = 'connected';
  } on SocketException catch (problem) {
    invocation.seen['fetch'] = '$problem';
  }
}

void files(Step step, Invocation invocation) =>
    invocation.seen['files'] = Directory('/proc/self/fd').listSync().length;

void dependency(Step step, Invocation invocation) => invocation.seen['dependency'] = stamp;
