// Checked, never run: what functions do with the types, and mistakes that must show in an editor.
import type { Handler } from "./mod.ts";

export const greet: Handler<{ name: string }> = async (req, res) => {
  req.log(`until ${req.deadline.toISOString()}`);
  const [greeting = req.env.GREETING] = req.query.greeting ?? [];
  const digest = await crypto.subtle.digest("SHA-256", new Uint8Array(req.body));
  res.json({ message: `${greeting}, ${req.payload.name}`, digest: new Uint8Array(digest).toHex() }, 201, {
    "set-cookie": ["a=1", "b=2"],
  });
};

export const synchronous: Handler = (req, res) => {
  res.send(new Uint8Array(req.payload.size), 200, new Headers({ "content-type": "image/png" }));
};

export const paired: Handler = (_req, res) => {
  res.send("", 200, [["set-cookie", ["a=1", "b=2"]]]);
  res.send("", 200, new Map([["retry-after", 1]]));
};

export const mistaken: Handler<{ name: string }> = (req, res) => {
  // @ts-expect-error the payload has no such member
  req.log(req.payload.nmae);
  // @ts-expect-error a status is a number
  res.send("text", "200");
  // @ts-expect-error an object goes out with json
  res.send({ message: "text" });
};
