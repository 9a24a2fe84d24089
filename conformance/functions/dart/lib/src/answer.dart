/// Steps that answer.
library;

import 'dart:convert';

import 'invocation.dart';

void send(Step step, Invocation invocation) {
  final text = step.maybe<String>('text');
  final encoded = step.maybe<String>('base64');
  final body = encoded == null ? text : base64.decode(encoded);
  final headers = step.maybe<Map<String, Object?>>('headers');
  final status = step.maybe<int>('status');
  if (status == null) {
    invocation.res.send(body, headers: headers);
  } else {
    invocation.res.send(body, status: status, headers: headers);
  }
}

void json(Step step, Invocation invocation) {
  final headers = step.maybe<Map<String, Object?>>('headers');
  final special = step.maybe<String>('special');
  final value = special == null ? step.any('value') : _special(step, special);
  final status = step.maybe<int>('status');
  if (status == null) {
    invocation.res.json(value, headers: headers);
  } else {
    invocation.res.json(value, status: status, headers: headers);
  }
}

Object _special(Step step, String special) {
  switch (special) {
    case 'nan':
      return double.nan;
    case 'function':
      return () {};
    case 'cycle':
      final cycle = <String, Object?>{};
      return cycle..['self'] = cycle;
    default:
      throw step.unknown;
  }
}

void report(Step step, Invocation invocation) {
  final Invocation(:req, :res, :seen) = invocation;
  res.json({
    'request': {
      'method': req.method,
      'path': req.path,
      'query': req.query,
      'headers': req.headers,
      'payload': req.payload,
      'env': req.env,
      'body': base64.encode(req.body),
      'id': req.id,
      'deadline': req.deadline.millisecondsSinceEpoch,
    },
    'seen': seen,
  });
}

void echo(Step step, Invocation invocation) {
  final Invocation(:req, :res) = invocation;
  if (req.payload case final Map<String, Object?> payload when payload.containsKey('steps')) {
    return res.json(payload['value']);
  }
  final type = req.headers['content-type'];
  res.send(req.body, headers: type == null ? null : {'content-type': type});
}

void again(Step step, Invocation invocation) {
  try {
    send(step, invocation);
    invocation.seen['again'] = 'accepted';
  } on Error {
    invocation.seen['again'] = 'raised';
  }
}
