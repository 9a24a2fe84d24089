import assert from "node:assert/strict";
import { Flight } from "../flight.ts";

Deno.test("everything in flight is found by its number, however much there is", () => {
  const flight = new Flight<{ number: number }>();
  const all = Array.from({ length: 1000 }, () => ({ number: 0 }));
  for (const invocation of all) flight.add(invocation);
  assert.equal(new Set(all.map(({ number }) => number)).size, all.length);
  for (const invocation of all) assert.equal(flight.get(invocation.number), invocation);
  assert.equal([...flight].length, all.length);
});

Deno.test("a number of long ago finds nothing", () => {
  const flight = new Flight<{ number: number }>();
  const come = () => {
    const invocation = { number: 0 };
    flight.add(invocation);
    return invocation;
  };
  const old = come();
  flight.delete(old);
  for (let index = 0; index < 255; index += 1) flight.delete(come());
  const current = come();
  assert.equal(flight.get(old.number), null);
  assert.equal(flight.get(current.number), current);
});
