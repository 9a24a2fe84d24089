/// What a Slipway function is given, and what it answers with.
///
/// Both are plain data, so that a function's own tests can make them.
library;

export 'src/request.dart' show Level, LogSink, Request;
export 'src/response.dart' show Response;
