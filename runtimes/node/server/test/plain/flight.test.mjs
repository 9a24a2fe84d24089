import assert from "node:assert/strict";
import { test } from "node:test";
import { Flight } from "../../plain/flight.mjs";

test("an invocation is found by its number until it ends", () => {
  const flight = new Flight();
  const first = { number: 0 };
  flight.add(first);
  assert.equal(flight.get(first.number), first);
  flight.delete(first);
  assert.equal(flight.get(first.number), null);
  assert.equal(flight.size, 0);
});

test("numbers stay different while more and more are in flight", () => {
  const flight = new Flight();
  const all = Array.from({ length: 5000 }, () => ({ number: 0 }));
  for (const invocation of all) flight.add(invocation);
  assert.equal(new Set(all.map(({ number }) => number)).size, all.length);
  for (const invocation of all) assert.equal(flight.get(invocation.number), invocation);
  assert.equal([...flight].length, all.length);
});

test("a number of long ago finds nothing", () => {
  const flight = new Flight();
  const old = { number: 0 };
  flight.add(old);
  flight.delete(old);
  for (let index = 0; index < 255; index += 1) {
    const other = { number: 0 };
    flight.add(other);
    flight.delete(other);
  }
  const current = { number: 0 };
  flight.add(current);
  assert.equal(flight.get(old.number), null);
  assert.equal(flight.get(current.number), current);
});
