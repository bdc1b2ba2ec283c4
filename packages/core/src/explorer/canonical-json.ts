// One text for equal plain data, whatever the order in which its properties were written. How states are told apart.

/** JSON with sorted property names; properties that are undefined are left out. */
export function canonicalJson(value: unknown): string {
  if (typeof value === "number") return `${value}`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join()}]`;
  let text = "";
  for (const [name, entry] of Object.entries(value).sort(byName)) {
    if (entry !== undefined) text += `${text === "" ? "" : ","}${JSON.stringify(name)}:${canonicalJson(entry)}`;
  }
  return `{${text}}`;
}

function byName([a]: [string, unknown], [b]: [string, unknown]): number {
  return a < b ? -1 : 1;
}
