// The header traceparent.

/** The trace id of a W3C `traceparent` value, or null where the value is not valid. */
export function traceIdOf(value) {
  const match = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?$/.exec(value);
  if (!match) return null;
  const [, version, trace, parent, rest] = match;
  if (version === "ff" || (version === "00" && rest !== undefined)) return null;
  if (/^0+$/.test(trace) || /^0+$/.test(parent)) return null;
  return trace;
}
