// Scenario: several actors mark one thing by markOnce, each until it has an answer.
import type { StoredRecord } from "../atomic-port.ts";
import { type Marked, markOnce } from "../verification/mark-once.ts";
import { RETENTION_FLOOR_MS } from "../verification/verification-record.ts";
import type { Scenario } from "./world.ts";

export interface Marker {
  readonly token: string;
  readonly told?: Marked["status"];
}

export interface MarkerCall {
  readonly token: string;
}

/** The actor that marked first, in the order of application. */
export interface MarkerGhost {
  readonly first?: { readonly token: string; readonly atMs: number };
  readonly broken: string | null;
}

const startMs = 1_000;

/** `mark`: the transition under test. No run outlasts the marker, since after its end another actor may mark again. */
export function markerScenario(
  actors = 3,
  mark: typeof markOnce = markOnce,
): Scenario<Marker, MarkerCall, Marked, MarkerGhost> {
  const names = ["A", "B", "C", "D"].slice(0, actors);
  const changed = (before: StoredRecord | null | undefined, after: StoredRecord | null | undefined) =>
    before !== null && before !== after;
  return {
    names,
    startMs,
    actors: names.map((token) => ({ token })),
    ghost: { broken: null },
    turns: ({ token, told }) => (told === undefined ? [{ call: { token } }] : []),
    keysOf: () => ["marker"],
    step({ token }, [record = null], nowMs) {
      const { write, reply } = mark(record, nowMs, { token, fingerprint: "f", retainUntilMs: nowMs });
      return { writes: [write], reply };
    },
    applied(ghost, { call, reply, before, after, nowMs }) {
      const first = ghost.first ?? { token: call.token, atMs: nowMs };
      const won = reply.status === "marked";
      let broken: string | null = ghost.broken;
      if (won !== (first.token === call.token)) {
        broken = won
          ? `${call.token} marked what ${first.token} had marked`
          : `${call.token} is locked out of its own mark`;
      } else if (reply.status === "already-marked" && reply.atMs !== first.atMs) broken = "told another instant";
      else if (changed(before[0], after[0])) broken = "a marker was altered";
      return { first, broken };
    },
    answered: (marker, _call, reply) => (reply === null ? marker : { ...marker, told: reply.status }),
    // Shortly before the marker's end, when it must still hold.
    instants: ({ records }) => [startMs + 1, (records.marker?.endsAtMs ?? startMs + RETENTION_FLOOR_MS) - 1],
    invariant({ actors, ghost }) {
      const winners = actors.filter((marker) => marker?.told === "marked");
      return winners.length > 1 ? "two were told that they marked it" : ghost.broken;
    },
    describeCall: () => "markOnce",
    describeReply: (reply) => reply.status,
  };
}
