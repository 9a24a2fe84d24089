/// The few calls of the C library that dart:io has no name for.
library;

import 'dart:ffi';

final _process = DynamicLibrary.process();

final int Function(int) _close = _process.lookupFunction<Int Function(Int), int Function(int)>(
  'close',
  isLeaf: true,
);
final int Function() _setsid = _process.lookupFunction<Int Function(), int Function()>(
  'setsid',
  isLeaf: true,
);

final int Function() _getppid = _process.lookupFunction<Int Function(), int Function()>(
  'getppid',
  isLeaf: true,
);
final int Function(int, int) _prctl = _process
    .lookupFunction<Int Function(Int, VarArgs<(UnsignedLong,)>), int Function(int, int)>(
      'prctl',
      isLeaf: true,
    );

void closeDescriptor(int descriptor) => _close(descriptor);

/// Makes this process the leader of a group of its own: a terminal's interrupt does not reach it, and one signal reaches it
/// together with what it started.
void leaveGroup() => _setsid();

/// The process that started this one, or who has taken its place since it ended.
int parent() => _getppid();

/// Keeps this process's memory and what /proc tells of it from others of its user. What it starts is not kept so.
void hideMemory() {
  const setDumpable = 4;
  _prctl(setDumpable, 0);
}
