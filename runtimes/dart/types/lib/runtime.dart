/// The side of [Response] that the runtime sees. Functions have no use for it.
library;

export 'slipway.dart';
export 'src/response.dart' show Answer, BodyType, GoodAnswer, InvalidAnswer, answerOf, closeResponse;
