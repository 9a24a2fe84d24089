import 'dart:convert';
import 'dart:io';

import 'package:slipway_server/src/authorise.dart';
import 'package:slipway_server/src/settings.dart';

import 'check.dart';

void main() {
  final folder = Directory.systemTemp.createTempSync();
  final file = File('${folder.path}/secret');
  Settings read(Map<String, String> env, {String secret = 's'}) {
    file.writeAsStringSync(secret);
    return Settings.read({'RUNTIME_SECRET_FILE': file.path, ...env});
  }

  test('defaults', () {
    final settings = read({});
    expect(settings.port, 3000);
    expect(settings.timeout, const Duration(seconds: 30));
    expect(settings.concurrency, 100);
    expect(settings.development, false);
  });

  test('a secret loses one line break at its end', () {
    expect(utf8.decode(read({}, secret: 'a\n\n').secret), 'a\n');
    expect(utf8.decode(read({}, secret: 'a\r\n').secret), 'a');
    expect(utf8.decode(read({}, secret: 'a').secret), 'a');
    expectThrows<SettingError>(() => read({}, secret: '\n'));
    expectThrows<SettingError>(() => Settings.read({}));
    expectThrows<SettingError>(() => Settings.read({'RUNTIME_SECRET_FILE': '${folder.path}/missing'}));
  });

  test('numbers that are none are named', () {
    for (final (name, value) in [
      ('RUNTIME_PORT', '0'),
      ('RUNTIME_PORT', '65536'),
      ('RUNTIME_PORT', '+80'),
      ('RUNTIME_TIMEOUT', '0'),
      ('RUNTIME_TIMEOUT', '1e3'),
      ('RUNTIME_GRACE', 'soon'),
      ('RUNTIME_CONCURRENCY', ''),
      ('RUNTIME_MAX_BODY', '1.5'),
      ('RUNTIME_WORKERS', '-1'),
    ]) {
      final error = expectThrows<SettingError>(() => read({name: value}));
      expect(error.message.startsWith('$name is '), true);
    }
  });

  test('seconds', () {
    expect(parseSeconds('0.25'), const Duration(milliseconds: 250));
    expect(parseSeconds('999999999999'), const Duration(days: 366));
    for (final text in ['0', '0.0', '-1', '+1', '1.', '.5', '1e1', 'x', '', ' 1']) {
      expect(parseSeconds(text), null);
    }
  });

  test("the function's environment has nothing of the runtime's", () {
    final own = {'A': 'b', 'RUNTIME_PORT': '1', 'DART_VM_OPTIONS': '--y'};
    expect(read(own).functionEnvironment, {'A': 'b'});
    expect(read({...own, 'RUNTIME_DART_VM_OPTIONS': '--x'}).functionEnvironment, {
      'A': 'b',
      'DART_VM_OPTIONS': '--x',
    });
  });

  test('secrets are compared whole', () {
    final secret = utf8.encode('secret');
    expect(isSecret('secret', secret), true);
    for (final value in [null, '', 'secre', 'secrets', 'secretsecret', 'Secret', 'secret\u0100']) {
      expect(isSecret(value, secret), false);
    }
  });

  test('nothing is left behind', () => folder.deleteSync(recursive: true));
}
