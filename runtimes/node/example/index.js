import { titleCase } from "title-case";

/**
 * Greets whoever the payload names.
 *
 * @param {import("../types/index.js").Request<{ name?: string } | null>} req
 * @param {import("../types/index.js").Response} res
 */
export default async function greet(req, res) {
  const name = titleCase(req.payload?.name ?? "world");
  req.log(`greeting ${name}`);
  res.json({ message: `${req.env.GREETING ?? "Hello"}, ${name}!` });
}
