/// The smallest server of dart:io that parses the same body and answers the same bytes.
library;

import 'dart:convert';
import 'dart:io';

final _decoder = utf8.decoder.fuse(json.decoder);
final _encoder = JsonUtf8Encoder();

Future<void> main() async {
  final server = await HttpServer.bind(InternetAddress.anyIPv4, 3000, backlog: 4096);
  server.defaultResponseHeaders.clear();
  server.listen((request) async {
    final envelope = await _decoder.bind(request).single;
    final payload = (envelope! as Map<String, Object?>)['payload']! as Map<String, Object?>;
    final body = _encoder.convert({'message': 'Hello ${payload['name']}'});
    request.response
      ..headers.contentType = ContentType('application', 'json')
      ..contentLength = body.length
      ..add(body);
    await request.response.close();
  });
}
