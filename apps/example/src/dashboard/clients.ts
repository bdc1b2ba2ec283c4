// What clients may still do and how long sessions still last, from what the gateways report.
import type { DecisionReport, SessionReport } from "../gateway/gateway-report.ts";
import { keepLatest } from "../keep-latest.ts";
import type { Allowance, SessionState } from "./state.ts";

export interface Clients {
  heard(decisions: readonly DecisionReport[], sessions: readonly SessionReport[]): void;
  allowances(): Allowance[];
  sessions(): SessionState[];
}

/** So many are shown, the ones last heard of. */
const mostAllowances = 8;
const mostSessions = 6;
/** What they add up to is forgotten of clients that have not been heard of for so many others. */
const mostKept = 500;
/** Ends of windows that are no further apart are the same, in milliseconds: each gateway reckons with its own clock. */
const sameWindowMs = 500;
/** How long what is over is still shown, in milliseconds. */
const shownAfterMs = 60_000;

export function clients(now: () => number): Clients {
  const allowances = new Map<string, Allowance>();
  const sessions = new Map<string, SessionState & { shownUntil: number }>();
  return {
    heard(decisions, bought) {
      for (const { limiter, client, allowed, denied, ...rest } of decisions) {
        const key = `${limiter} ${client}`;
        const before = allowances.get(key);
        const sums = { allowed: (before?.allowed ?? 0) + allowed, denied: (before?.denied ?? 0) + denied };
        const byPayer = /^payer (.*)$/.exec(limiter)?.[1];
        const who = { client: byPayer === undefined ? client : shortPayer(client), scope: byPayer ?? "all routes" };
        // Instances report in any order; within one window what remains only becomes less.
        const sameWindow = before !== undefined && Math.abs(before.resetsAtMs - rest.resetsAtMs) < sameWindowMs;
        const remaining = Math.min(rest.remaining, sameWindow ? before.remaining : rest.remaining);
        keepLatest(allowances, mostKept, key, { ...rest, ...sums, ...who, remaining });
      }
      for (const { id, payer, callsLeft, callsMost = 0, ...rest } of bought) {
        const before = sessions.get(id);
        const spanMs = Math.max(before?.spanMs ?? 0, rest.expiresAtMs - now());
        const calls = callsLeft !== undefined && {
          callsLeft,
          callsMost: Math.max(before?.callsMost ?? 0, callsMost, callsLeft),
        };
        // Used up is over, whatever time it had left.
        const shownUntil = (callsLeft === 0 ? now() : rest.expiresAtMs) + shownAfterMs;
        keepLatest(sessions, mostKept, id, { ...rest, id, payer: shortPayer(payer), spanMs, ...calls, shownUntil });
      }
    },
    allowances: () =>
      shown(allowances, mostAllowances, ({ resetsAtMs }) => resetsAtMs + shownAfterMs > now()).sort(
        (a, b) => a.client.localeCompare(b.client) || a.scope.localeCompare(b.scope),
      ),
    sessions: () =>
      shown(sessions, mostSessions, ({ shownUntil }) => shownUntil > now())
        .map(({ shownUntil: _, ...session }) => session)
        .sort((a, b) => a.route.localeCompare(b.route) || a.id.localeCompare(b.id)),
  };
}

/** Enough of a payer to tell it from others. */
function shortPayer(payer: string): string {
  return /^0x[0-9a-fA-F]{40}$/.test(payer) ? `${payer.slice(0, 6)}…${payer.slice(-4)}`.toLowerCase() : "unknown";
}

/** The last ones heard of; the others are forgotten. */
function shown<V>(map: Map<string, V>, most: number, current: (value: V) => boolean): V[] {
  for (const [key, value] of map) if (!current(value)) map.delete(key);
  return [...map.values()].slice(-most);
}
