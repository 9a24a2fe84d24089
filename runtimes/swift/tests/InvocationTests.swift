import Glibc
import Slipway

/// Logs whenever it is asked what it is.
private struct Talkative: Error, CustomStringConvertible {
  let invocation: Invocation

  var description: String {
    invocation.write(.info, "asked")
    return "said"
  }
}

func testTalkativeError() throws {
  guard let table = SharedTable() else { return check("no table", "a table") }
  let settings = try Settings(environment: ["RUNTIME_SECRET": "s", "RUNTIME_ENV": "development"])
  let server = try Server(
    settings: settings, function: nil, logs: Logs(descriptor: STDERR_FILENO), table: table, supervisor: getpid(),
    listener: -1)
  let invocation = Invocation(
    owner: .init(invocation: "id", trace: nil), flags: [.inEnvelope], started: .now(), deadline: .max,
    connection: Connection(descriptor: -1, maxBody: 0, now: .now()), server: server)
  // Should it wait for itself, this ends it.
  alarm(10)
  invocation.fail(Talkative(invocation: invocation))
  alarm(0)
  let outcome = invocation.outcome(development: true)
  guard case .failure(let refusal) = outcome else { return check("an answer", "a refusal") }
  check(refusal.message, "the function failed: said")
}

func testKeptLines() {
  let said = Invocation.Said()
  for _ in 0...Contract.resultLogBytes { said.keep(.null, bytes: 0) }
  check(said.lines.count, Contract.resultLogBytes)
  check(said.isTruncated, true)
  for _ in 0..<Contract.resultLogBytes * 2 { said.keep(.null, bytes: 1) }
  check(said.kept.count <= Contract.resultLogBytes * 2 + 1, true)
}
