// One text for equal plain data, in whatever order its properties were written. It tells states apart.

/**
 * JSON with sorted property names. Properties that are undefined are left out. A search spends most of its time here.
 */
export function canonicalJson(value: unknown): string {
  if (typeof value === "string") return quoted(value);
  if (typeof value === "number") return `${value}`;
  if (!isObject(value)) return JSON.stringify(value) ?? "null";
  let text = "";
  if (Array.isArray(value)) {
    for (const entry of value) text += `${text === "" ? "" : ","}${canonicalJson(entry)}`;
    return `[${text}]`;
  }
  for (const name of sortedNames(value)) {
    const entry = value[name];
    if (entry !== undefined) text += `${text === "" ? "" : ","}${quoted(name)}:${canonicalJson(entry)}`;
  }
  return `{${text}}`;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

/** States repeat the same few words, so each is quoted once. */
const quotes = new Map<string, string>();

function quoted(text: string): string {
  let quote = quotes.get(text);
  if (quote === undefined) {
    quote = JSON.stringify(text);
    quotes.set(text, quote);
  }
  return quote;
}

/** By insertion sort: objects here have few properties, and it is several times as fast as a sort with a comparator. */
function sortedNames(value: object): readonly string[] {
  const names = Object.keys(value);
  for (let index = 1; index < names.length; index += 1) {
    const name = names[index] ?? "";
    let at = index;
    for (let before = names[at - 1]; before !== undefined && before > name; before = names[at - 1]) {
      names[at] = before;
      at -= 1;
    }
    names[at] = name;
  }
  return names;
}
