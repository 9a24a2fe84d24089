// Whether a caller knows the secret.

/** A function that compares a header's value with the secret, in a time that depends on neither. */
export function secretComparison(secret: string): (value: string | null) => boolean {
  const expected = new TextEncoder().encode(secret);
  return (value) => {
    if (value === null) return false;
    // Header values come as one character for each byte. Past the end of the value NaN counts as 0.
    let difference = value.length ^ expected.length;
    for (let index = 0; index < expected.length; index += 1) difference |= value.charCodeAt(index) ^ expected[index];
    return difference === 0;
  };
}
