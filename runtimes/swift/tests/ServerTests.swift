import Slipway

/// What a parser makes of bytes, in pieces of that size: the requests' targets, and why it gave up.
private func parse(_ text: String, piece: Int) -> [String] {
  let parser = HTTPParser(maxBody: 20)
  var told: [String] = []
  let bytes = Array(text.utf8)
  for start in stride(from: 0, to: bytes.count, by: piece) {
    let goesOn = bytes[start..<min(start + piece, bytes.count)].withUnsafeBytes { bytes in
      var at = 0
      while true {
        let (used, event) = parser.read(UnsafeRawBufferPointer(rebasing: bytes[at...]))
        at += used
        switch event {
        case .more: return true
        case .head:
          told.append("\(parser.methodText) \(parser.target)")
          parser.proceed()
        case .complete:
          told.append(String(decoding: parser.takeBody(), as: UTF8.self))
          parser.reset()
        case .failed(.malformed): told.append("malformed")
        case .failed(.headersTooLarge): told.append("headers too large")
        case .failed(.bodyTooLarge): told.append("body too large")
        }
        if case .failed = event { return false }
      }
    }
    if !goesOn { break }
  }
  return told
}

func testParser() {
  let cases: [(String, [String])] = [
    ("GET /a?b HTTP/1.1\r\nhost: x\r\n\r\nGET /c HTTP/1.1\r\n\r\n", ["GET /a?b", "", "GET /c", ""]),
    ("\r\nPURGE-IT /x HTTP/1.1\r\ncontent-length: 2\r\n\r\nok", ["PURGE-IT /x", "ok"]),
    (
      "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n3;a=b\r\na\nb\r\n0\r\nx: y\r\n\r\nGET /d HTTP/1.1\r\n\r\n",
      ["POST /", "a\nb", "GET /d", ""]
    ),
    ("GET / HTTP/1.1\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n", ["GET /", ""]),
    ("GET / HTTP/1.1\nhost: x\n\n", ["malformed"]),
    ("GET / HTTP/1.1\r\nhost : x\r\n\r\n", ["malformed"]),
    ("GET / HTTP/1.1\r\na: b\r\n c\r\n\r\n", ["malformed"]),
    ("\nGET / HTTP/1.1\r\n\r\n", ["malformed"]),
    ("POST / HTTP/1.1\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n", ["malformed"]),
    ("POST / HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n", ["malformed"]),
    ("POST / HTTP/1.1\r\ncontent-length: +1\r\n\r\n", ["malformed"]),
    ("POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nx\r\n", ["POST /", "malformed"]),
    (
      "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n1f\r\n0123456789012345678901234567890",
      ["POST /", "body too large"]
    ),
    ("GET / HTTP/1.1\r\nx: \(String(repeating: "y", count: 17000))\r\n\r\n", ["headers too large"]),
    ("GET / HTTP/1.1\r\n\(String(repeating: "x: y\r\n", count: 101))\r\n", ["headers too large"]),
  ]
  for (text, wanted) in cases {
    for piece in [1, 7, text.utf8.count] { check(parse(text, piece: piece), wanted) }
  }
}

func testSettings() {
  for (text, value) in [("5", 5.0), ("05", 5), ("0.75", 0.75), ("29.5", 29.5)] { check(Settings.decimal(text), value) }
  for text in ["", "0", "0.0", "-1", "+1", "1e3", "NaN", "inf", "1s", "1 2", ".5", "5.", "0x10", "1.2.3"] {
    check(Settings.decimal(text), nil)
  }
  for (file, wanted) in [("s\n", "s"), ("s\r\n", "s"), ("s\n\n", "s\n"), ("s", "s"), ("\n", "")] {
    check(Settings.lessLineBreak(Array(file.utf8)), Array(wanted.utf8))
  }
  for name in ["PORT", "TIMEOUT", "GRACE", "MAX_BODY", "CONCURRENCY", "WORKERS"] {
    let settings = try? Settings(environment: ["RUNTIME_SECRET": "s", "RUNTIME_\(name)": "-1"])
    check(settings == nil, true)
  }
  do {
    let settings = try Settings(environment: ["RUNTIME_SECRET": "s", "RUNTIME_HOST": "no host"])
    check(try Supervisor.listen(settings), -1)
  } catch {
    check((error as? Settings.Unreadable)?.message.contains("RUNTIME_HOST"), true)
  }
}

func testLogs() {
  let times: [(Int64, String)] = [
    (0, "1970-01-01T00:00:00.000Z"), (951_782_400_007, "2000-02-29T00:00:00.007Z"),
    (1_709_251_199_999, "2024-02-29T23:59:59.999Z"), (4_102_444_799_050, "2099-12-31T23:59:59.050Z"),
  ]
  for (milliseconds, wanted) in times { check(CivilTime(Nanoseconds(milliseconds: milliseconds)).rfc3339, wanted) }
  check(CivilTime(Nanoseconds(seconds: 784_111_777)).httpDate, "Sun, 06 Nov 1994 08:49:37 GMT")
  let message = "é𝄞\"\\\t\u{1}\nsecond"
  let line = Logs.line(0, .error, .init(invocation: "id", trace: "0af7651916cd43dd8448eb211c80319c"), message)
  check(line.filter { $0 == UInt8(ascii: "\n") }.count, 1)
  let read = try? JSON(parsing: line)
  check(read?["message"], .string(message))
  check(read?["trace_id"], "0af7651916cd43dd8448eb211c80319c")

  var lines = Lines()
  var seen: [String] = []
  for piece: [UInt8] in [
    Array("on".utf8), Array("e\r\ntw".utf8), Array("o\n\nb".utf8), [0xff, 0x0a], Array("rest".utf8),
  ] {
    seen += piece.withUnsafeBytes { lines.push($0) }
  }
  check(seen + [lines.rest() ?? ""], ["one", "two", "", "b\u{fffd}", "rest"])
}

func testRequests() {
  let query = Query.parse("a=1&b=x%20y&a=2&c&d=p+q&%C3%A9=%E2%82%AC&e=1=2&&f=%2525&g=100%&h=%zz")
  check(query["a"], ["1", "2"])
  check(query["b"], ["x y"])
  check(query["c"], [""])
  check(query["d"], ["p q"])
  check(query["é"], ["€"])
  check(query["e"], ["1=2"])
  check(query["f"], ["%25"])
  check(query["g"], ["100%"])
  check(query["h"], ["%zz"])

  for (target, path, query) in [
    ("/a?b?c", "/a", "b?c"), ("http://x/y?z", "/y", "z"), ("http://x", "/", ""), ("http://x?q", "/", "q"),
    ("*", "*", ""),
    ("/a://b", "/a://b", ""),
  ] {
    check(Raw.split(target: target).path, path)
    check(String(Raw.split(target: target).query), query)
  }

  let id = "4bf92f3577b34da6a3ce929d0e0e4736"
  check(Steering.traceId("00-\(id)-00f067aa0ba902b7-01"), id)
  check(Steering.traceId("01-\(id)-00f067aa0ba902b7-01-more"), id)
  for text in [
    "nonsense", "00-\(id)-00f067aa0ba902b7", "00-\(id)-00f067aa0ba902b7-01-more", "ff-\(id)-00f067aa0ba902b7-01",
    "00-\(String(repeating: "0", count: 32))-00f067aa0ba902b7-01", "00-\(id.uppercased())-00f067aa0ba902b7-01",
  ] {
    check(Steering.traceId(text), nil)
  }

  let envelope = try? Envelope(body: Array(#"{"headers":{"X-A":"1","x-a":"2","Cookie":"a","cookie":"b"},"x":0}"#.utf8))
  check(envelope?.headers, ["x-a": "1, 2", "cookie": "a; b"])
  for body in ["[]", "null", #"{"headers":[]}"#, #"{"env":{"A":null}}"#, #"{"method":5}"#, #"{"path":null}"#] {
    do throws(Refusal) {
      _ = try Envelope(body: Array(body.utf8))
      check(body, "refused")
    } catch {
      check(error.code, .invalidEnvelope)
    }
  }
}

func testReplies() {
  let res = Response()
  let headers: Headers = [
    "X-Runtime-Error": "timeout", "Connection": "close", "Content-Length": "1", "x-kept": ["1", "2"],
    "Content-Type": "multipart/Mixed; boundary=AbC",
  ]
  try? res.send("x", headers: headers)
  guard let answer = try? res.answer else { return check("no answer", "an answer") }
  let reply = Reply.given(answer, "id")
  check(reply.headers.map(\.name), ["x-kept", "x-kept", "Content-Type", "x-runtime-invocation-id"])
  let text = { (reply: Reply, toHead: Bool, closing: Bool) in
    reply.withMessage(toHead: toHead, closing: closing, date: "now") { String(decoding: $0, as: UTF8.self) }
  }
  let made = Reply(status: 201, headers: [.init("x", "é")], body: Array("body".utf8))
  check(text(made, false, false), "HTTP/1.1 201 Created\r\nx: é\r\ncontent-length: 4\r\ndate: now\r\n\r\nbody")
  check(
    text(made, true, true),
    "HTTP/1.1 201 Created\r\nx: é\r\ncontent-length: 4\r\ndate: now\r\nconnection: close\r\n\r\n")
  check(
    text(Reply(status: 299, headers: [], body: []), false, false),
    "HTTP/1.1 299 Status\r\ncontent-length: 0\r\ndate: now\r\n\r\n")
  check(
    text(Reply(status: 204, headers: [], body: []), false, false), "HTTP/1.1 204 No Content\r\ndate: now\r\n\r\n")
  let result = Reply.Result(invocation: "id", error: nil, logs: [], truncated: false, duration: 0)
  let enveloped = Reply(status: 201, headers: [], body: [0, 255]).enveloped(result)
  let document = try? JSON(parsing: enveloped.body)
  check(document?["body"], "AP8=")
  check(document?["encoding"], "base64")
  for (bytes, text) in [([], ""), ([1], "AQ=="), ([1, 2], "AQI="), ([1, 2, 3], "AQID")] as [([UInt8], String)] {
    check(base64(bytes), text)
  }
}
