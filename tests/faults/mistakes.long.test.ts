// Proof that a trial can fail: stores that do one thing wrong, each seen in its own words, beside a sound twin that is not.
import { describe, expect, it } from "vitest";
import type { Mistake } from "./contract.ts";
import { network } from "./rows/network.ts";
import { runRows } from "./run/run-rows.ts";

const shown: readonly [Mistake, row: string, words: RegExp][] = [
  ["markers are not recorded", "cut", /markOnce: |lost: .*a marker|a marker/],
  ["an absent session is answered during an outage", "refused", /a session: answered as missing, and it is there/],
  ["calls outlive their deadline", "refused", /(consume|probe) took \d+ ms/],
  ["connections are not made again", "refused", /calls did not succeed again/],
  ["payments are not remembered", "cut", /moved twice/],
  ["a rejection is not handled", "refused", /The process ended by exit code 1/],
];

async function unsafeWith(row: string, mistake?: Mistake): Promise<string[]> {
  const rows = network
    .filter(({ name }) => name === row)
    .map((sound) => ({ ...sound, ...(sound.fault && { fault: { ...sound.fault, ...(mistake && { mistake }) } }) }));
  const trials = await runRows({ rows, seed: 5, topologies: ["single"], trials: () => 1, rounds: () => 1 });
  expect(trials).toHaveLength(1);
  return trials.flatMap(({ unsafe }) => unsafe);
}

describe("a trial", () => {
  it.each(shown)("sees where %s (%s)", async (mistake, row, words) => {
    expect((await unsafeWith(row, mistake)).join("\n")).toMatch(words);
  });

  it.each(["cut", "refused"])("finds nothing wrong with sound stores (%s)", async (row) => {
    expect(await unsafeWith(row)).toEqual([]);
  });
});
