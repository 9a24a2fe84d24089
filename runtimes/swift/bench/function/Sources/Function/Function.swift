import Slipway

public func handle(_ req: Request, _ res: Response) throws {
  try res.json(["message": "Hello \(req.payload["name"]?.string ?? "World")"])
}
