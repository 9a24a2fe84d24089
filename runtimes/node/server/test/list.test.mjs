import assert from "node:assert/strict";
import { test } from "node:test";
import { List } from "../function/list.mjs";

test("a list forgets what is deleted, once", () => {
  const list = new List();
  const [first, second, third] = [{}, {}, {}];
  for (const item of [first, second, third]) list.add(item);
  list.delete(first);
  list.delete(first);
  assert.equal(list.size, 2);
  assert.deepEqual(new Set(list.items()), new Set([second, third]));
});
