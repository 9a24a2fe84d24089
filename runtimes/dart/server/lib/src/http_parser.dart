/// picohttpparser, the parser of the H2O server, by way of its C interface; and what it leaves to its callers.
library;

import 'dart:convert';
import 'dart:ffi';
import 'dart:math';
import 'dart:typed_data';

import 'contract.dart';

/// A request that can't be read: it is answered with this, and its connection is closed.
final class ParseError implements Exception {
  const ParseError(this.code, this.message);

  final Code code;
  final String message;
}

const _badRequest = ParseError(Code.badRequest, 'The request is not valid HTTP.');
const _headersTooLarge = ParseError(
  Code.headersTooLarge,
  'The headers must not be over 16 KiB or 100 lines.',
);

typedef _ParseRequest<Int_, Size_> = Int_ Function(
  Pointer<Uint8> bytes,
  Size_ length,
  Pointer<Uint64> method,
  Pointer<Uint64> methodLength,
  Pointer<Uint64> path,
  Pointer<Uint64> pathLength,
  Pointer<Int32> minorVersion,
  Pointer<Uint64> headers,
  Pointer<Uint64> headerCount,
  Size_ lastLength,
);
typedef _DecodeChunked<Ssize_> = Ssize_ Function(
  Pointer<Uint8> decoder,
  Pointer<Uint8> bytes,
  Pointer<Uint64> length,
);
typedef _Allocate<Size_> = Pointer<Uint8> Function(Size_ count, Size_ size);

final _library = DynamicLibrary.open('libpicohttpparser.so.1');
final _parseRequest = _library.lookupFunction<_ParseRequest<Int32, Size>, _ParseRequest<int, int>>(
  'phr_parse_request',
  isLeaf: true,
);
final _decodeChunked = _library.lookupFunction<_DecodeChunked<IntPtr>, _DecodeChunked<int>>(
  'phr_decode_chunked',
  isLeaf: true,
);
final _calloc = DynamicLibrary.process().lookupFunction<_Allocate<Size>, _Allocate<int>>(
  'calloc',
  isLeaf: true,
);

/// What the request line and the headers may take together, so that the limit on headers alone can be judged.
const _headBytes = 2 * headerBytesLimit;
const _mostHeaders = _headBytes ~/ 4;
const _bufferBytes = 65536;

/// Memory that the parser can see. Parsing is over before anything else happens, so one of each is enough.
final _buffer = _calloc(_bufferBytes, 1);
final _bufferBytesView = _buffer.asTypedList(_bufferBytes);
final _out = _calloc(8, 8).cast<Uint64>();
final _outView = _out.asTypedList(8);
final _headers = _calloc(_mostHeaders * 4, 8).cast<Uint64>();
final _headersView = _headers.asTypedList(_mostHeaders * 4);
final _minorVersion = (_out + 5).cast<Int32>();

/// The head of a request. What is seldom wanted is made when it is asked for.
final class Head {
  Head._(this._bytes, this._places);

  final Uint8List _bytes;

  /// Start and end of each header's name and value.
  final Uint32List _places;

  late final String method;

  /// The request target, a character for each byte.
  late final String target;
  late final bool keepAlive;

  /// The length of the body; null where it is chunked.
  late final int? contentLength;
  bool expectsContinue = false;
  String? contentType;

  // The runtime's own headers. Of repeated fields no single value can be told to be the right one: joined, they match
  // nothing.
  String? secret;
  String? mode;
  String? invocation;
  String? timeout;
  String? result;
  String? trace;

  int get headerCount => _places.length ~/ 4;

  /// In lower case.
  String nameAt(int index) =>
      String.fromCharCodes(_bytes, _places[index * 4], _places[index * 4 + 1]).toLowerCase();

  String valueAt(int index) => String.fromCharCodes(_bytes, _places[index * 4 + 2], _places[index * 4 + 3]);
}

/// What a call of [parseHead] found: a head and how many bytes it took.
typedef ParsedHead = ({Head head, int length});

/// Reads the head of a request off the start of `bytes`; null where some of it is still to come.
ParsedHead? parseHead(Uint8List bytes) {
  final given = min(bytes.length, _headBytes);
  _bufferBytesView.setRange(0, given, bytes);
  _outView[4] = _mostHeaders;
  final length = _parseRequest(
    _buffer,
    given,
    _out,
    _out + 1,
    _out + 2,
    _out + 3,
    _minorVersion,
    _headers,
    _out + 4,
    0,
  );
  if (length == -1) throw _badRequest;
  if (length < 0) {
    if (given == _headBytes) throw _headersTooLarge;
    // A line may end with CR and LF only; a head without any would never end.
    if (_hasBareLineFeed(bytes, given)) throw _badRequest;
    return null;
  }
  if (_hasBareLineFeed(bytes, length)) throw _badRequest;
  return (head: _read(bytes, length), length: length);
}

bool _hasBareLineFeed(Uint8List bytes, int length) {
  var at = bytes.indexOf(0x0a);
  while (at >= 0 && at < length) {
    if (at == 0 || bytes[at - 1] != 0x0d) return true;
    at = bytes.indexOf(0x0a, at + 1);
  }
  return false;
}

Head _read(Uint8List bytes, int length) {
  final base = _buffer.address;
  final count = _outView[4];
  if (count > headerLinesLimit) throw _headersTooLarge;
  final places = Uint32List(count * 4);
  for (var index = 0; index < count * 4; index += 4) {
    // A folded line has no name.
    if (_headersView[index] == 0) throw _badRequest;
    places[index] = _headersView[index] - base;
    places[index + 1] = places[index] + _headersView[index + 1];
    places[index + 2] = _headersView[index + 2] - base;
    places[index + 3] = places[index + 2] + _headersView[index + 3];
  }
  final targetEnd = _outView[2] - base + _outView[3];
  // Less the version and the line's end.
  if (length - targetEnd - 11 > headerBytesLimit) throw _headersTooLarge;
  final methodStart = _outView[0] - base;
  final methodEnd = methodStart + _outView[1];
  final minorVersion = _minorVersion.value;
  if (minorVersion > 1 || targetEnd - methodEnd - 1 != _outView[3]) throw _badRequest;
  final head = Head._(bytes, places)
    ..method = _isPost(bytes, methodStart, methodEnd) ? 'POST' : _token(bytes, methodStart, methodEnd)
    ..target = _outView[3] == 1 && bytes[targetEnd - 1] == 0x2f
        ? '/'
        : String.fromCharCodes(bytes, targetEnd - _outView[3], targetEnd);
  _readHeaders(head, minorVersion == 1);
  return head;
}

bool _isPost(Uint8List bytes, int start, int end) =>
    end - start == 4 &&
    bytes[start] == 0x50 &&
    bytes[start + 1] == 0x4f &&
    bytes[start + 2] == 0x53 &&
    bytes[start + 3] == 0x54;

final _tokenPattern = RegExp(r"^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,64}$");

String _token(Uint8List bytes, int start, int end) {
  final text = String.fromCharCodes(bytes, start, end);
  return _tokenPattern.hasMatch(text) ? text : throw _badRequest;
}

/// Takes those that concern the server, and judges whether there is one way only to see where the body ends.
void _readHeaders(Head head, bool isHttp11) {
  int? length;
  var chunked = false;
  var keepAlive = isHttp11;
  for (var index = 0; index < head.headerCount; index += 1) {
    final name = _known(head._bytes, head._places[index * 4], head._places[index * 4 + 1]);
    if (name == null) continue;
    final value = head.valueAt(index);
    switch (name) {
      case 'content-length':
        if (length != null || !_digits.hasMatch(value)) throw _badRequest;
        length = int.parse(value);
      case 'transfer-encoding':
        if (chunked || value.toLowerCase() != 'chunked') throw _badRequest;
        chunked = true;
      case 'connection':
        for (final option in value.toLowerCase().split(',')) {
          switch (option.trim()) {
            case 'close':
              keepAlive = false;
            case 'keep-alive':
              keepAlive = true;
          }
        }
      case 'expect':
        head.expectsContinue = isHttp11 && value.toLowerCase() == '100-continue';
      case 'content-type':
        head.contentType ??= value;
      case Header.secret:
        head.secret = _join(head.secret, value);
      case Header.mode:
        head.mode = _join(head.mode, value);
      case Header.invocation:
        head.invocation = _join(head.invocation, value);
      case Header.timeout:
        head.timeout = _join(head.timeout, value);
      case Header.result:
        head.result = _join(head.result, value);
      case Header.trace:
        head.trace = _join(head.trace, value);
    }
  }
  if (chunked && (length != null || !isHttp11)) throw _badRequest;
  head
    ..keepAlive = keepAlive
    ..contentLength = chunked ? null : length ?? 0;
}

final _digits = RegExp(r'^[0-9]{1,15}$');

String _join(String? before, String value) => before == null ? value : '$before, $value';

final _knownNames = <int, List<(String, Uint8List)>>{
  for (final names in [
    [
      'content-length',
      'transfer-encoding',
      'connection',
      'expect',
      'content-type',
      Header.secret,
      Header.mode,
      Header.invocation,
      Header.timeout,
      Header.result,
      Header.trace,
    ],
  ])
    for (final length in names.map((name) => name.length).toSet())
      length: [
        for (final name in names)
          if (name.length == length) (name, utf8.encode(name)),
      ],
};

/// The name, where it is one that concerns the server.
String? _known(Uint8List bytes, int start, int end) {
  final candidates = _knownNames[end - start];
  if (candidates == null) return null;
  for (final (name, wanted) in candidates) {
    if (_isName(bytes, start, wanted)) return name;
  }
  return null;
}

bool _isName(Uint8List bytes, int start, Uint8List wanted) {
  for (var index = 0; index < wanted.length; index += 1) {
    final byte = bytes[start + index];
    if (byte != wanted[index] && (byte < 0x41 || byte > 0x5a || byte | 0x20 != wanted[index])) return false;
  }
  return true;
}

/// Decodes a chunked body.
final class ChunkedDecoder {
  ChunkedDecoder() {
    _state[8] = 1;
  }

  /// The parser's state: what is left of a chunk (8 bytes), and whether it takes the trailer too.
  final _state = Uint8List(64);

  /// How many bytes of the last chunk were not part of the body, or -1 while the body goes on.
  int left = -1;

  /// What `bytes` hold of the body.
  Uint8List add(Uint8List bytes) {
    final decoded = BytesBuilder(copy: false);
    final decoder = _out.cast<Uint8>() + 0;
    for (var at = 0; at < bytes.length && left < 0;) {
      final given = min(_bufferBytes, bytes.length - at);
      _bufferBytesView.setRange(0, given, bytes, at);
      final view = decoder.asTypedList(56)..setRange(0, 56, _state);
      _outView[7] = given;
      final result = _decodeChunked(decoder, _buffer, _out + 7);
      if (result == -1) throw _badRequest;
      _state.setRange(0, 56, view);
      if (_outView[7] > 0) decoded.add(_bufferBytesView.sublist(0, _outView[7]));
      at += given;
      if (result >= 0) left = result + bytes.length - at;
    }
    return decoded.takeBytes();
  }
}
