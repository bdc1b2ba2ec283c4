// In an instance's process: what the stores acknowledged, and whether it is still so.
import { setTimeout as sleep } from "node:timers/promises";
import type { Tally } from "./tally.ts";

/** How a fact is found: true, gone, or false in a way that no loss explains. Undefined: the store did not answer. */
export type Found = "holds" | "gone" | { wrong: string } | undefined;

export interface Fact {
  what: string;
  ackedAtMs: number;
  look(): Promise<Found>;
}

export interface Facts {
  add(fact: Fact): void;
  /** The store answered as if this had never been. Told at the end: as lost where it is gone, as a false answer if not. */
  missed(fact: Fact): void;
  /** Looks at one of them, under load. */
  lookAtOne(): Promise<void>;
  /** Looks at all of them, once all is well again. */
  audit(): Promise<void>;
}

/** Beyond that a new one takes the place of an older one. */
const MOST_KEPT = 3_000;
const AUDITED_AT_ONCE = 16;
const TRIES = 20;

export function openFacts(tally: Tally, random: () => number): Facts {
  const facts: Fact[] = [];
  const suspects = new Set<Fact>();
  const place = () => Math.floor(random() * facts.length);
  const settle = async (fact: Fact) => {
    for (let tries = 1; tries <= TRIES; tries += 1) {
      const found = await fact.look();
      if (found === undefined) {
        await sleep(100);
        continue;
      }
      if (found === "gone") tally.lost(fact);
      else if (found !== "holds") tally.wrong(found.wrong);
      else if (suspects.has(fact)) tally.wrong(`${fact.what}: answered as missing, and it is there`);
      return;
    }
    tally.wrong(`${fact.what}: could not be looked at when all was well`);
  };
  return {
    add(fact) {
      if (facts.length < MOST_KEPT) facts.push(fact);
      else facts[place()] = fact;
    },
    missed(fact) {
      suspects.add(fact);
    },
    async lookAtOne() {
      const fact = facts[place()];
      if (fact === undefined || suspects.has(fact)) return;
      const found = await fact.look();
      if (found === "gone") suspects.add(fact);
      else if (found !== undefined && found !== "holds") tally.wrong(found.wrong);
    },
    async audit() {
      const all = new Set([...facts, ...suspects]).values();
      await Promise.all(
        Array.from({ length: AUDITED_AT_ONCE }, async () => {
          for (const fact of all) await settle(fact);
        }),
      );
    },
  };
}
