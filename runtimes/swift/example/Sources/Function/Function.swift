/// Greets whoever is named in the payload.
import Slipway
import TitleCase

public func handle(_ req: Request, _ res: Response) async throws {
  let name = req.payload["name"]?.string?.titleCased ?? "World"
  req.log("greeting \(name)")
  try res.json(["message": "Hello \(name)"])
}
