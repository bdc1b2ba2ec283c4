// Plays every row of one topology once, for the tests of test:all.
import { expect, it } from "vitest";
import { rows } from "../rows/all-rows.ts";
import type { Topology } from "../worlds/world.ts";
import { runRows } from "./run-rows.ts";

/** Registers one test. */
export function playsAllOn(topology: Topology): void {
  it(`has no unsafe outcome in any fault on ${topology}`, async () => {
    const due = rows.filter(({ on, byHand = false }) => on.includes(topology) && !byHand);
    const trials = await runRows({
      rows: due,
      ...{ seed: 11, topologies: [topology] },
      trials: () => 1,
      rounds: ({ rounds = [1, 1] }) => rounds[1],
    });
    expect(trials.map(({ row, unsafe }) => [row.name, unsafe])).toEqual(due.map(({ name }) => [name, []]));
    expect(trials.filter(({ proof }) => proof === "").map(({ row }) => row.name)).toEqual([]);
  });
}
