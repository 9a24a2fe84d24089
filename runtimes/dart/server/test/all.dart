/// Runs every test: `dart run --enable-asserts test/all.dart`.
library;

import 'check.dart';
import 'frames_test.dart' as frames;
import 'function_process_test.dart' as function_process;
import 'http_parser_test.dart' as http_parser;
import 'logs_test.dart' as logs;
import 'main_test.dart' as function_main;
import 'native_test.dart' as native;
import 'request_test.dart' as request;
import 'response_test.dart' as response;
import 'settings_test.dart' as settings;

Future<void> main() async {
  frames.main();
  function_main.main();
  function_process.main();
  http_parser.main();
  logs.main();
  native.main();
  request.main();
  response.main();
  settings.main();
  await runTests();
}
