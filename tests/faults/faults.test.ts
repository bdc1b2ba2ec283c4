// A selection of the faults in every test run.
import { describe, expect, it } from "vitest";
import { rows } from "./rows/all-rows.ts";
import { runRows } from "./run/run-rows.ts";
import type { Topology } from "./worlds/world.ts";

const selection: readonly [Topology, ...rows: string[]][] = [
  ["single", "frozen", "lost-in-payment", "aborted"],
  ["cluster", "client-kill"],
];

describe("faults", () => {
  it.each(selection)("on %s, a selection: nothing unsafe", async (topology, ...names) => {
    const trials = await runRows({
      rows: rows.filter(({ name }) => names.includes(name)),
      ...{ seed: 1, topologies: [topology] },
      trials: () => 1,
      rounds: ({ rounds = [1, 1] }) => rounds[1],
    });
    expect(trials.map(({ row, unsafe }) => [row.name, unsafe])).toEqual(trials.map(({ row }) => [row.name, []]));
    expect(trials).toHaveLength(names.length);
  });
});
