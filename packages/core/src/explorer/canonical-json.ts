// One text for equal plain data, whatever the order in which its properties were written. How states are told apart.

/** Most of a state is shared with the one before it. */
const known = new WeakMap<object, string>();

/** JSON with sorted property names; properties that are undefined are left out. Never mutate what was passed in. */
export function canonicalJson(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  let text = known.get(value);
  if (text === undefined) {
    text = Array.isArray(value) ? `[${value.map(canonicalJson).join()}]` : properties(value);
    known.set(value, text);
  }
  return text;
}

function properties(value: object): string {
  const parts: string[] = [];
  for (const [name, entry] of Object.entries(value).sort(byName)) {
    if (entry !== undefined) parts.push(`${JSON.stringify(name)}:${canonicalJson(entry)}`);
  }
  return `{${parts.join()}}`;
}

function byName([a]: [string, unknown], [b]: [string, unknown]): number {
  return a < b ? -1 : 1;
}
