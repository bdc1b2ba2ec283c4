// The drill's result: as JSON, with the requests behind every red cell, and whether it shows what it is to show.
import type { ChainName } from "../fleet/chain-name.ts";
import type { Doubts } from "./doubts.ts";
import type { Kill } from "./evidence.ts";
import type { LaneSnapshot } from "./lane.ts";
import type { PhaseDone } from "./phases.ts";
import type { RowKey } from "./row.ts";
import type { Scraped } from "./scrapes.ts";
import type { StoreTimes } from "./store-times.ts";

/** The whole result of one drill, as it is written to the report file. */
export interface DrillReport {
  /** Of this format. */
  version: 1;
  /** ISO 8601. */
  startedAt: string;
  seconds: number;
  traffic: {
    /** "seed 1", or the trace's file. */
    source: string;
    requests: number;
  };
  /** Gateways behind the front, at rest. */
  instances: number;
  /** What each lane's ledger stood on. */
  chain: ChainName;
  redis: string;
  /** True where memory failed and the shared lanes held everything. */
  ok: boolean;
  /** Why not; empty where it is. */
  reasons: string[];
  lanes: LaneReport[];
}

/** A phase, the requests that were sent in it, and what the stores took. */
export interface PhaseReport extends PhaseDone {
  requests: number;
  stores: StoreTimes;
}

export interface LaneReport extends LaneSnapshot {
  /** False for the lane that is there to fail. */
  shared: boolean;
  seconds: number;
  /** What was done to it, in order. */
  phases: PhaseReport[];
  /** The processes that the drill killed with -9, "name/pid". */
  kills: readonly Kill[];
  /** Payments in doubt, by the store's own list; undefined where there is none that all share. */
  doubts?: Doubts | undefined;
  /** What the gateways' /metrics told meanwhile. */
  scraped?: Scraped | undefined;
  /** The longest that processor or disk let nothing through, in milliseconds: leases and timeouts are not for more. */
  stalledMs: number;
  /** The folder of its three logs. */
  logs: string;
}

/** From here on a stall may be what a lease was lost by, in milliseconds; the drill's are eight seconds. */
const muchStalledMs = 4_000;

/** What instances without shared state get wrong under the drill's own traffic, always. */
export const memoryMustFail: readonly RowKey[] = [
  "over-limit",
  "sessions-lost",
  "verifies-per-payment",
  "runs-per-payment",
  "replays-accepted",
];

/**
 * Why the drill does not show what it is to show; empty where it does. `mustFail`: the rows that lanes without shared state
 * must break; "any" for traffic that we do not know, of which they must break one.
 */
export function shortcomings(lanes: readonly LaneReport[], mustFail: readonly RowKey[] | "any"): string[] {
  return lanes.flatMap(
    ({ provider, shared, rows, errors, requests, answered, doubts, scraped, stalledMs }): string[] => {
      const failed = rows.filter(({ ok }) => !ok);
      if (!shared) {
        if (mustFail === "any")
          return failed.length > 0 ? [] : [`${provider} held every row: this traffic shows no difference`];
        const held = rows.filter(({ key, ok }) => ok && mustFail.includes(key));
        return held.map(({ title }) => `${provider} was to fail, and held: ${title}`);
      }
      const stalled = stalledMs > muchStalledMs && failed.length + errors.length > 0;
      return [
        ...failed.map(({ title, value, allowed }) => `${provider}: ${title}: ${value}, and ${allowed} is right`),
        ...(errors.length > 0 ? [`${provider}: ${errors.length} request(s) with an answer that is not right`] : []),
        ...(answered < requests ? [`${provider}: ${requests - answered} request(s) without an answer`] : []),
        ...(doubts !== undefined && doubts.atEnd > 0
          ? [`${provider}: ${doubts.atEnd} payment(s) in doubt that nobody has ended`]
          : []),
        ...(scraped?.answered === 0 ? [`${provider}: no gateway answered a scrape of its /metrics`] : []),
        ...(stalled
          ? [
              `${provider}: the machine itself stood still for ${(stalledMs / 1_000).toFixed(1)} s; try it on a quieter one`,
            ]
          : []),
      ];
    },
  );
}
