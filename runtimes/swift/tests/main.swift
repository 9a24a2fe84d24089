// The parts of the server and of the types that can't be seen from outside. XCTest is not in every toolchain: `check` is
// what stands in for it.

import Glibc

nonisolated(unsafe) var failures = 0

/// Notes a failure, with the place, where both differ.
func check<T: Equatable>(_ found: T, _ wanted: T, line: Int = #line, file: String = #fileID) {
  if found == wanted { return }
  failures += 1
  print("\(file):\(line): found \(found), wanted \(wanted)")
}

testJSON()
testTypes()
testParser()
testSettings()
testLogs()
testKeptLines()
try testTalkativeError()
testRequests()
testReplies()
testWatchSleep()
testWaits()
testNames()
try testHeldLead()
// A fatal error leaves behind what waits to be printed.
fflush(nil)
if failures > 0 { fatalError("\(failures) checks failed") }
print("all checks passed")
