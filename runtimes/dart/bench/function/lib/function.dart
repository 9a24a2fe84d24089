import 'package:slipway/slipway.dart';

Future<void> handle(Request req, Response res) async {
  final payload = req.payload! as Map<String, Object?>;
  res.json({'message': 'Hello ${payload['name']}'});
}
