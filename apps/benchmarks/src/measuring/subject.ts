// A measurement subject: one library with one operation on one server.

/** Where a subject's data is. "none": in the process. */
export type Server = { kind: "none" } | { kind: "single"; url: string } | { kind: "cluster"; nodes: readonly Node[] };

export interface Node {
  host: string;
  port: number;
}

/** An open subject. */
export interface Subject {
  /** Does the thing once. True if the answer was right. `turn` rises by one with each call of the process. */
  operation(turn: number): Promise<boolean>;
  close(): Promise<void>;
}

/** One library's way to do one thing. */
export interface Contender {
  /** Checks that the library does its work, a limiter that it limits. Rejects otherwise; then it gets no figures. */
  check(server: Server): Promise<void>;
  open(server: Server): Promise<Subject>;
}

/** One thing to do, and each library that does it, by name: "rlf/ioredis". */
export type Workload = Readonly<Record<string, Contender>>;

/** As many clients as a workload spreads its calls over. */
export const IDENTITIES = 10_000;

/** As many sessions. Each contender's process writes its own first, so they are fewer. */
export const SESSIONS = 2_000;

const CLIENTS = Array.from({ length: IDENTITIES }, (_, at) => `198.51.${Math.floor(at / 250)}.${at % 250}`);

/** A stride that is prime to the number of identities, so that neighbouring calls never meet. */
const STRIDE = 7_919;

/** Which of the identities a turn is about. Every identity comes up once in IDENTITIES turns. */
export function identityOf(turn: number): number {
  return (turn * STRIDE) % IDENTITIES;
}

/** Which of the sessions a turn is about. */
export function sessionOf(turn: number): number {
  return (turn * STRIDE) % SESSIONS;
}

/** A client's address. */
export function clientOf(turn: number): string {
  return CLIENTS[identityOf(turn)] ?? "";
}
