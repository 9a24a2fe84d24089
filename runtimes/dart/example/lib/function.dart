import 'package:salutation/salutation.dart';
import 'package:slipway/slipway.dart';

Future<void> handle(Request req, Response res) async {
  final name = switch (req.payload) {
    {'name': final String name} when name.isNotEmpty => name,
    _ => 'World',
  };
  req.log('greeting $name');
  res.json({'message': '${salutation(DateTime.now())}, $name!'});
}
