// Whether a caller knows the secret.
import { timingSafeEqual } from "node:crypto";

/** A function that compares a header's value with the secret, in a time that depends on neither. */
export function secretComparison(secret) {
  const expected = Buffer.from(secret);
  const given = Buffer.alloc(expected.length);
  return (value) => {
    if (value === null) return false;
    // Header values are latin1 strings of the bytes that came; what is longer than the secret is cut, and differs in length.
    given.fill(0);
    given.latin1Write(value, 0);
    const same = timingSafeEqual(given, expected);
    return same && value.length === expected.length;
  };
}
