// What clients may still do and how long sessions still last, from the answers that passed.
import { keepLatest } from "../keep-latest.ts";
import type { AnswerRead, Decision, SessionSeen } from "./read-answer.ts";
import type { Allowance, SessionState } from "./state.ts";

/** What is shown of a list, the newest first, and how many more there are. */
export interface Listed<T> {
  shown: T[];
  more: number;
}

export interface Clients {
  /** Answers of several instances may pass in another order than they were made in. `shared`: whether all instances see the same state. */
  heard(instance: string, from: { pid: number; shared: boolean }, read: AnswerRead): void;
  allowances(): Listed<Allowance>;
  sessions(): Listed<SessionState>;
}

export interface ClientsOptions {
  now(): number;
  /** Whether a gateway's process still runs: state that is not shared ends with its process. */
  alive(pid: number): boolean;
}

/** What is known beside what is shown. */
interface Known {
  /** The instant of the last event. */
  at: number;
  /** Who told of it last. */
  pid: number;
  shared: boolean;
  shownUntil: number;
}

/** So many are shown, the ones last heard of. */
const mostAllowances = 8;
const mostSessions = 6;
/** What they add up to is forgotten of clients that have not been heard of for so many others. */
const mostKept = 500;
/** Ends of windows that are no further apart are the same, in milliseconds: an answer tells whole seconds. */
const sameWindowMs = 1_500;
/** Two gateways' words that are no further apart may have been answered in the other order, in milliseconds. */
const sameMomentMs = 500;
/** How long what is over is still shown, in milliseconds. */
const shownAfterMs = 60_000;

export function clients({ now, alive }: ClientsOptions): Clients {
  const allowances = new Map<string, Allowance & Known>();
  const sessions = new Map<string, SessionState & Known>();
  /** When sessions were last refused, also such as were never seen. */
  const refused = new Map<string, number>();

  /** The last ones heard of; what is over, or has ended with its process, is forgotten. */
  const listed = <V extends Known>(map: Map<string, V>, most: number): { shown: V[]; more: number } => {
    for (const [key, { shownUntil, shared, pid }] of map) {
      if (shownUntil <= now() || !(shared || alive(pid))) map.delete(key);
    }
    const newest = [...map].sort(([aKey, a], [bKey, b]) => b.at - a.at || aKey.localeCompare(bKey));
    return { shown: newest.slice(0, most).map(([, value]) => value), more: Math.max(0, newest.length - most) };
  };

  return {
    heard(instance, { pid, shared }, { decisions, sessions: used, sessionsOver }) {
      // Where nothing is shared each process has an allowance, and a session, of its own.
      const held = shared ? "" : `${pid} `;
      const from = { pid, shared, ...(!shared && { instance }) };
      for (const told of decisions) {
        const key = `${held}${told.limiter} ${told.client}`;
        const allowance = merged(allowances.get(key), told);
        const shownUntil = allowance.resetsAtMs + shownAfterMs;
        keepLatest(allowances, mostKept, key, { ...allowance, ...whoOf(told), ...from, shownUntil });
      }
      for (const told of used) {
        const key = `${held}${told.id}`;
        if (told.at <= (refused.get(key) ?? 0)) continue;
        const session = prolonged(sessions.get(key), told, pid);
        // Used up is over, whatever time it had left.
        const shownUntil = (session.callsLeft === 0 ? session.at : session.expiresAtMs) + shownAfterMs;
        keepLatest(sessions, mostKept, key, { ...from, ...session, payer: shortPayer(told.payer), shownUntil });
      }
      for (const { id, at } of sessionsOver) {
        const key = `${held}${id}`;
        keepLatest(refused, mostKept, key, Math.max(at, refused.get(key) ?? 0));
        if ((sessions.get(key)?.at ?? at) <= at) sessions.delete(key);
      }
    },
    allowances() {
      const { shown, more } = listed(allowances, mostAllowances);
      return { more, shown: shown.map(({ at: _at, pid: _pid, shared: _shared, shownUntil: _until, ...one }) => one) };
    },
    sessions() {
      const { shown, more } = listed(sessions, mostSessions);
      return { more, shown: shown.map(({ at: _at, pid: _pid, shared: _shared, shownUntil: _until, ...one }) => one) };
    },
  };
}

/** Sums always add up. Within one window what remains only becomes less, in whatever order it is heard of. */
function merged(before: (Allowance & Known) | undefined, told: Decision) {
  const { allowed } = told;
  const sums = { allowed: (before?.allowed ?? 0) + Number(allowed), denied: (before?.denied ?? 0) + Number(!allowed) };
  const newest = before !== undefined && before.at > told.at ? before : told;
  const sameWindow = before !== undefined && Math.abs(before.resetsAtMs - told.resetsAtMs) < sameWindowMs;
  const remaining = sameWindow ? Math.min(before.remaining, told.remaining) : newest.remaining;
  const { at, limit, resetsAtMs } = newest;
  return { at, limit, resetsAtMs, remaining, ...sums };
}

/** Of two words at the same moment the one with fewer calls left is the later one, unless one tells of a purchase. */
function prolonged(before: (SessionState & Known) | undefined, told: SessionSeen, pid: number) {
  const newest = before !== undefined && before.at > told.at ? before : told;
  const { id, route } = told;
  const { at, expiresAtMs } = newest;
  const teller = newest === before ? before.pid : pid;
  const spanMs = Math.max(before?.spanMs ?? 0, told.expiresAtMs - told.at);
  if (newest.callsLeft === undefined) return { id, route, at, pid: teller, expiresAtMs, spanMs };
  const sameMoment =
    before !== undefined &&
    before.pid !== pid &&
    before.expiresAtMs === told.expiresAtMs &&
    Math.abs(before.at - told.at) < sameMomentMs;
  const fewest = Math.min(before?.callsLeft ?? newest.callsLeft, told.callsLeft ?? newest.callsLeft);
  const callsLeft = sameMoment ? fewest : newest.callsLeft;
  const callsMost = Math.max(before?.callsMost ?? 0, told.callsLeft ?? 0);
  return { id, route, at, pid: teller, expiresAtMs, spanMs, callsLeft, callsMost };
}

function whoOf({ limiter, client }: Decision): Pick<Allowance, "client" | "scope"> {
  const byPayer = /^payer (.*)$/.exec(limiter)?.[1];
  return { client: byPayer === undefined ? client : shortPayer(client), scope: byPayer ?? "all routes" };
}

/** Enough of a payer to tell it from others. */
function shortPayer(payer: string): string {
  return /^0x[0-9a-fA-F]{40}$/.test(payer) ? `${payer.slice(0, 6)}…${payer.slice(-4)}`.toLowerCase() : "unknown";
}
