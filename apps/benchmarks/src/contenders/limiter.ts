// Rate limiters as the benchmark sees them: their check, and the three ways in which they are driven.
import { type Contender, clientOf, type Server, type Subject } from "../measuring/subject.ts";

export interface Limit {
  /** In one window. */
  limit: number;
  windowMs: number;
}

export interface Limiter {
  /** Whether the client may go on. */
  consume(client: string): Promise<boolean>;
  close(): Promise<void>;
}

export type OpenLimiter = (server: Server, limit: Limit) => Promise<Limiter>;

/** An hour, so that no window ends in a run. */
const WINDOW_MS = 3_600_000;
/** More than a run can take from one client. A token bucket holds at most ten a millisecond. */
const ENDLESS: Limit = { limit: 30_000_000, windowMs: WINDOW_MS };
const CHECKED: Limit = { limit: 5, windowMs: WINDOW_MS };
const DENIED: Limit = { limit: 1, windowMs: WINDOW_MS };

/** How the calls of the check are made. "in-sequence" is for a library that counts wrongly where calls share a tick. */
export type Calls = "at-once" | "in-sequence";

/** Throws unless exactly five of twenty calls are admitted, and the next one is denied, for each of two clients. */
export async function checkLimiter(open: OpenLimiter, server: Server, calls: Calls = "at-once"): Promise<void> {
  const limiter = await open(server, CHECKED);
  try {
    const run = `${process.pid}-${Date.now()}`;
    for (const client of [`check-a-${run}`, `check-b-${run}`]) {
      const answers: boolean[] = [];
      if (calls === "at-once")
        answers.push(...(await Promise.all(Array.from({ length: 20 }, () => limiter.consume(client)))));
      else for (let call = 0; call < 20; call += 1) answers.push(await limiter.consume(client));
      const admitted = answers.filter((allowed) => allowed).length;
      if (admitted !== CHECKED.limit) throw new Error(`It admitted ${admitted} of 20 calls where the limit is 5.`);
      if (await limiter.consume(client)) throw new Error("It admitted a client whose limit was used up.");
    }
  } finally {
    await limiter.close();
  }
}

/** Ten thousand clients in turn, or one client alone; all are admitted. */
function admitted(open: OpenLimiter, clientAt: (turn: number) => string) {
  return async (server: Server): Promise<Subject> => {
    const limiter = await open(server, ENDLESS);
    return { operation: (turn) => limiter.consume(clientAt(turn)), close: () => limiter.close() };
  };
}

/** One client whose limit is used up. */
function denied(open: OpenLimiter) {
  return async (server: Server): Promise<Subject> => {
    const limiter = await open(server, DENIED);
    const client = `denied-${process.pid}`;
    await limiter.consume(client);
    return {
      operation: async () => !(await limiter.consume(client)),
      close: () => limiter.close(),
    };
  };
}

export type Drive = "spread" | "hot" | "denied";

/** A limiter driven in one way. */
export function limiterContender(open: OpenLimiter, drive: Drive, calls?: Calls): Contender {
  const ways = {
    spread: () => admitted(open, clientOf),
    hot: () => admitted(open, () => "203.0.113.7"),
    denied: () => denied(open),
  };
  return { check: (server) => checkLimiter(open, server, calls), open: ways[drive]() };
}
