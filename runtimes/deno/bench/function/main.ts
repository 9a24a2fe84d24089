// Answers the same bytes as the other servers of this folder.
import type { Handler } from "slipway";

const hello: Handler<{ name: string }> = (req, res) => {
  res.json({ message: `Hello ${req.payload.name}` });
};

export default hello;
