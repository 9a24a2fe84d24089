import Glibc
import Slipway

func testJSON() {
  let texts = [
    #"{"z":[1,-2,0.5,"é𝄞"],"a":null,"":true,"__proto__":{}}"#, "[]", "9007199254740991", #""\"\\\n\u0001""#,
  ]
  for text in texts { check(try? JSON(parsing: text).description, text) }
  check(try? JSON(parsing: #"{"a":1,"b":2,"a":3}"#).description, #"{"a":3,"b":2}"#)
  check(try? JSON(parsing: #""\ud834\udd1e \ud834 \u00e9""#), .string("𝄞 \u{fffd} é"))
  // Texts that look alike are two names.
  check(try? JSON(parsing: "{\"\u{e9}\":1,\"e\u{301}\":2}").object?.count, 2)
  let wrong = [
    "", " ", "{", "[1,]", "{\"a\":1,}", "01", "1.", ".5", "+1", "1e", "nul", "'a'", "\"a", "\"\t\"", "{} {}", "[1 2]",
    "{a:1}", "\u{feff}{}", "1e999", #""\x""#, #""\u12g4""#, "NaN", String(repeating: "[", count: 100_000),
  ]
  for text in wrong { check((try? JSON(parsing: text)) == nil, true) }
  check((try? JSON(parsing: [0x22, 0xff, 0x22])) == nil, true)
  check((try? JSON.array([.number(.nan)]).bytes()) == nil, true)
  var many = JSON.Object((0..<40).map { ("n\($0)", .integer($0)) })
  many["n7"] = nil
  check(many["n39"], 39)
  check(many.count, 39)
}

private struct Order: Codable, Equatable {
  struct Line: Codable, Equatable {
    let article: String
    let count: UInt8
    let price: Double?
  }

  let id: Int
  let lines: [Line]
  let tags: [String: Bool]
  let extra: JSON
}

func testTypes() {
  let json: JSON = [
    "id": 7, "lines": [["article": "x", "count": 2, "price": 1.5], ["article": "y", "count": 1]], "tags": ["a": true],
    "extra": [1, "two", nil],
  ]
  let order = try? json.decode(Order.self)
  check(order?.lines.last, Order.Line(article: "y", count: 1, price: nil))
  check(order.flatMap { try? JSON(encoding: $0) }, json)
  check((try? (["id": 1] as JSON).decode(Order.self)) == nil, true)
  check((try? (300 as JSON).decode(UInt8.self)) == nil, true)
  check(try? JSON(encoding: [0.1, 1, 1e20, 3.4028235e38] as [Float]).description, "[0.1,1.0,1e+20,3.4028235e+38]")
  check((try? JSON(encoding: Float.nan).bytes()) == nil, true)

  // A list that is copied at each step takes half a minute.
  let begun = clock()
  let many = 0..<20_000
  check(try? JSON(encoding: Array(many)).array?.count, many.count)
  check(try? JSON(encoding: Dictionary(uniqueKeysWithValues: many.map { ("\($0)", $0) })).object?.count, many.count)
  check(Double(clock() - begun) / Double(CLOCKS_PER_SEC) < 5, true)

  let res = Response()
  check((try? res.send("first", status: 202)) == nil, false)
  check((try? res.send("second")) == nil, true)
  check(try? res.answer?.status, 202)
  let wrong: [(Int, Headers)] = [
    (199, [:]), (600, [:]), (200, ["": ""]), (200, ["x a": ""]), (200, ["x": "1\r\ny: 2"]), (200, ["x": "\0"]),
  ]
  for (status, headers) in wrong {
    let res = Response()
    check((try? res.send("x", status: status, headers: headers)) == nil, true)
    check((try? res.send("later")) == nil, true)
    check((try? res.answer) == nil, true)
  }
}
