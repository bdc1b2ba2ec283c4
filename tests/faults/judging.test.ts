// How a trial is judged, on made-up calls and losses.
import { describe, expect, it } from "vitest";
import { REDIS_WINDOW_MS } from "./bounds.ts";
import type { LoadReport } from "./contract.ts";
import { type Fact, type Found, openFacts } from "./instance/facts.ts";
import { recoveryOf } from "./instance/probes.ts";
import type { Tally } from "./instance/tally.ts";
import { lostOutside } from "./run/run-soak.ts";
import { lossesOf } from "./run/under-load.ts";

describe("the time at which a key answers again", () => {
  const probed = (...calls: [endMs: number, ok: boolean][]) =>
    calls.map(([endMs, ok]) => ({ startMs: endMs - 5, endMs, ok }));

  it("is the end of the first success after which nothing fails", () => {
    expect(recoveryOf(probed([90, true], [110, false], [130, true], [150, false], [170, true], [190, true]), 100)).toBe(
      170,
    );
  });

  it("does not come while the last call fails, or while none has ended", () => {
    expect(recoveryOf(probed([110, true], [120, false]), 100)).toBeUndefined();
    expect(recoveryOf(probed([90, true]), 100)).toBeUndefined();
  });
});

describe("acknowledged effects that are gone", () => {
  const lost = (...times: number[]) => times.map((ackedAtMs) => ({ what: "a marker", ackedAtMs }));

  it("are unsafe where no server changed", () => {
    expect(lossesOf(lost(1), false)).toEqual(["lost: a marker (1)"]);
    expect(lossesOf([], false)).toEqual([]);
  });

  it("are Redis's own in a failover, as far as its window goes", () => {
    expect(lossesOf(lost(0, REDIS_WINDOW_MS), true)).toEqual([]);
    expect(lossesOf(lost(0, REDIS_WINDOW_MS + 1), true)).toHaveLength(1);
  });

  it("are unsafe in a soak outside of every failover's window", () => {
    const windows = [{ fromMs: 1_000, toMs: 9_000 }];
    expect(lostOutside(lost(1_000, 2_000), windows)).toEqual([]);
    expect(lostOutside(lost(999), windows)).toHaveLength(1);
    expect(lostOutside(lost(1_000, 1_001 + REDIS_WINDOW_MS), windows)).toHaveLength(2);
  });
});

describe("a fact", () => {
  function audited(first: Found, last: Found) {
    const told: string[] = [];
    const tally: Tally = {
      run: async () => ({ failed: "unknown" }),
      wrong: (what) => void told.push(`wrong: ${what}`),
      lost: ({ what }) => void told.push(`lost: ${what}`),
      counts: () => ({ answered: 0, refused: 0 }),
      report: (): LoadReport => ({
        answered: 0,
        notApplied: 0,
        unknown: 0,
        wrong: [],
        late: [],
        lost: [],
        stalledMs: 0,
      }),
      close: () => undefined,
    };
    const facts = openFacts(tally, () => 0);
    const answers = [first, last];
    const fact: Fact = { what: "a session", ackedAtMs: 1, look: async () => answers.shift() };
    facts.add(fact);
    return facts
      .lookAtOne()
      .then(() => facts.audit())
      .then(() => told);
  }

  it("that was answered as missing and is there was answered falsely", async () => {
    expect(await audited("gone", "holds")).toEqual(["wrong: a session: answered as missing, and it is there"]);
  });

  it("that stays missing was lost", async () => {
    expect(await audited("gone", "gone")).toEqual(["lost: a session"]);
  });

  it("that holds, or could not be read in between, is well", async () => {
    expect(await audited("holds", "holds")).toEqual([]);
    expect(await audited(undefined, "holds")).toEqual([]);
  });
});
