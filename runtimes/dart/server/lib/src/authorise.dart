/// Whether a caller knows the secret.
library;

import 'dart:typed_data';

/// Compares a header's value, a character for each byte, in a time that depends on the value's length only.
bool isSecret(String? value, Uint8List secret) {
  if (value == null) return false;
  var difference = value.length ^ secret.length;
  var at = 0;
  for (var index = 0; index < value.length; index += 1) {
    difference |= value.codeUnitAt(index) ^ secret[at];
    at += 1;
    if (at == secret.length) at = 0;
  }
  return difference == 0;
}
