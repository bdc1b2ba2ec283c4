// Facts that a test gives, as if a server had told them; and a table of checks with the findings that are expected.
import { expect, it } from "vitest";
import type { Checked } from "./finding.ts";
import type { ServerFacts } from "./server-facts.ts";

export type Fields = Readonly<Record<string, string>>;

export interface Said {
  info?: Fields;
  config?: Fields;
  cluster?: Fields;
  users?: readonly string[];
}

export const serverSaying = ({ info = {}, config = {}, cluster = {}, users }: Said): ServerFacts => ({
  info: (field) => info[field],
  config: (name) => config[name],
  cluster: (field) => cluster[field],
  users,
  user: undefined,
  roundTripMs: 1,
  aheadMs: undefined,
});

type Row = readonly [
  what: string,
  found: Checked | readonly Checked[],
  expected: readonly (readonly [string, RegExp])[],
];

/** Registers a test of each. */
export function table(rows: readonly Row[]): void {
  it.each(rows)("%s", (_, found, expected) => {
    const seen = [found].flat().map(({ level, message }) => ({ level, message }));
    expect(seen).toEqual(expected.map(([level, message]) => ({ level, message: expect.stringMatching(message) })));
  });
}
