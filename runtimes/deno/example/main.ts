import { titleCase } from "title-case";
import type { Handler } from "slipway";

interface Visitor {
  name?: string;
}

/** Greets whoever the payload names. */
const greet: Handler<Visitor | null> = (req, res) => {
  const name = titleCase(req.payload?.name ?? "world");
  req.log(`greeting ${name}`);
  res.json({ message: `${req.env.GREETING ?? "Hello"}, ${name}!` });
};

export default greet;
