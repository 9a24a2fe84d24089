/// The steps by name.
library;

import 'dart:async';

import 'answer.dart';
import 'invocation.dart';
import 'look.dart';
import 'misbehave.dart';
import 'speak.dart';
import 'time.dart';

typedef RunStep = FutureOr<void> Function(Step step, Invocation invocation);

const steps = <String, RunStep>{
  'again': again,
  'allocate': allocate,
  'await': wait,
  'background': background,
  'background_log': backgroundLog,
  'block': block,
  'bytes': bytes,
  'count': addOne,
  'dependency': dependency,
  'echo': echo,
  'error': error,
  'exit': exit,
  'fetch': fetch,
  'files': files,
  'find_secret': findSecret,
  'flood': flood,
  'getenv': getenv,
  'json': json,
  'log': log,
  'meet': meet,
  'mutate': mutate,
  'patch': patch,
  'print': printText,
  'report': report,
  'send': send,
  'spin': spin,
  'throw': raise,
  'write': write,
};
