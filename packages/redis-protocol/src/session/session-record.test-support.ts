// For tests: the plainest program that writes a session's record as lua/record.lua describes it.

export interface PlainRecord {
  form: number;
  version?: number | undefined;
  createdAtMs?: number | undefined;
  afterMs?: number | undefined;
  idleTtlMs?: number | undefined;
  absoluteAfterMs?: number | undefined;
  subject?: readonly [hash: string, text: string] | undefined;
  quotas?: readonly (readonly [name: string, digits: string])[] | undefined;
  payload?: string | undefined;
}

/** Characters of 7 bits, the lowest first. */
export function characters(value: number, length: number): string {
  return Array.from({ length }, (_, index) => String.fromCharCode(Math.floor(value / 128 ** index) % 128)).join("");
}

function sized(text: string, length: number): string {
  return characters(Buffer.byteLength(text), length) + text;
}

export function plainRecord(record: PlainRecord): string {
  const { form, version = 1, createdAtMs = 1_000, afterMs = 5, idleTtlMs, absoluteAfterMs, subject, quotas } = record;
  const wide = form % 2 === 1;
  const span = (value: number | undefined) => (value === undefined ? "" : characters(value, wide ? 8 : 4));
  return [
    String.fromCharCode(form),
    characters(version, 7),
    characters(createdAtMs, wide ? 8 : 6),
    span(afterMs),
    span(idleTtlMs),
    span(absoluteAfterMs),
    subject === undefined ? "" : subject[0] + sized(subject[1], 5),
    quotas === undefined ? "" : sized(quotas.map(([name, digits]) => sized(name, 2) + sized(digits, 1)).join(""), 3),
    record.payload ?? "",
  ].join("");
}
