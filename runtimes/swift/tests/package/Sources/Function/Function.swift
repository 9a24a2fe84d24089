import Foundation
import Helper
import Slipway

#if !SETTING
  #error("the manifest's settings are missing")
#endif

/// Swift 6 would refuse it.
var calls = 0

public func handle(_ req: Request, _ res: Response) throws {
  calls += 1
  guard let greeting = Bundle.module.url(forResource: "greeting", withExtension: "txt") else { return }
  try res.send(helped(String(contentsOf: greeting, encoding: .utf8)))
}
