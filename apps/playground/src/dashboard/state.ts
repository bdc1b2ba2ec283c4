// What the dashboard shows, as its page is told it. Types only: the server writes them, the page in the browser reads them.

/** What is running. */
export interface About {
  /** When this start began, Unix milliseconds: after another one the page must be loaded anew. */
  startedAt: number;
  /** The front's address. */
  url: string;
  /** E.g. "memory"; undefined until a gateway has told. */
  provider: string | undefined;
  /** Whether all instances see the same state. */
  shared: boolean;
  /** Whether there is a redis-server for the comparison. */
  redisFound: boolean;
}

export interface InstanceState {
  name: string;
  state: "starting" | "ready" | "draining" | "down";
  pid: number | undefined;
  restarts: number;
  inFlight: number;
  requests: number;
  /** Of all requests, 0..1. */
  share: number;
  /** Requests in each of the last 60 seconds, the oldest first. */
  perSecond: readonly number[];
  /** Its stores did not answer when it asked them last. */
  storesAway: boolean;
}

/** Counted in the logs of the ledger, its facilitator and the upstream, which the gateways do not write. */
export interface PaymentCounts {
  /** Different payments that the facilitator was asked about. */
  payments: number;
  verifies: Tally;
  /** Of payments that bought one request each. */
  runs: Tally;
  settles: Tally;
  transfers: Tally;
  /** Payments that bought a session: transferred without a run of their own. */
  sessionsBought: number;
  /** Runs on sessions, paid for beforehand. */
  sessionRuns: number;
}

export interface Tally {
  total: number;
  /** The most that any single payment got. 1 is right. */
  most: number;
}

/** What one client may still do. */
export interface Allowance {
  /** Short and readable; tells no whole payer. */
  client: string;
  /** What is limited: "all routes", or "GET /quote". */
  scope: string;
  /** Who keeps it, where instances share nothing. */
  instance?: string | undefined;
  limit: number;
  remaining: number;
  /** Unix milliseconds. */
  resetsAtMs: number;
  allowed: number;
  denied: number;
}

export interface SessionState {
  id: string;
  route: string;
  payer: string;
  /** Who keeps it, where instances share nothing. */
  instance?: string | undefined;
  /** Unix milliseconds. */
  expiresAtMs: number;
  /** The most time that was left when it was heard of, in milliseconds. */
  spanMs: number;
  callsLeft?: number | undefined;
  callsMost?: number | undefined;
}

export interface StoreState {
  /** Operations within the last minute, and what they took, in milliseconds. */
  operations: number;
  p50Ms: number | undefined;
  p99Ms: number | undefined;
  /** The median of each of the last 60 seconds, the oldest first; 0 where there was nothing. */
  medians: readonly number[];
  /** Since the start, by code. */
  errors: Readonly<Record<string, number>>;
}

export interface RecentRequest {
  id: number;
  /** Unix milliseconds. */
  at: number;
  instance: string | undefined;
  method: string;
  /** Without the query. */
  path: string;
  status: number;
  ms: number;
}

export type ActionName = "pay" | "burst" | "replay" | "hop" | "kill" | "restart" | "compare";

/** An action that is over, as every browser may see it. */
export interface ActionSummary {
  id: number;
  at: number;
  name: ActionName;
  title: string;
  /** One sentence: what happened. */
  outcome: string;
  /** How it went: as it should, refused as it should, or not at all. */
  ok: boolean;
  answers: readonly AnswerSummary[];
}

export interface AnswerSummary {
  /** What was asked, e.g. "GET /quote". */
  request: string;
  status: number;
  instance: string | undefined;
  ms: number;
  /** What is worth reading in the answer, e.g. "2 calls left". */
  note?: string | undefined;
}

/** Beside the summary only for the browser that asked for it: commands hold payments and tokens. */
export interface ActionResult extends ActionSummary {
  /** The same by hand. */
  curl: readonly string[];
}

/** One line of what a lane's logs say: how far a promise was kept. A drill's `Row`, as far as it is shown. */
export interface LaneRow {
  key: string;
  title: string;
  value: number;
  /** The most that is right. */
  allowed: number;
  ok: boolean;
  note?: string | undefined;
}

/** One side of the comparison. A drill's `LaneSnapshot`, as far as it is shown. */
export interface LaneState {
  provider: string;
  instances: number;
  phase: string;
  requests: number;
  answered: number;
  /** Requests that never got an answer that the plan allows, by id. */
  errors: readonly string[];
  /** What one call of its stores took. */
  stores: { p50Ms: number | undefined; p99Ms: number | undefined };
  rows: readonly LaneRow[];
  finished: boolean;
}

export interface ComparisonState {
  state: "idle" | "starting" | "running" | "stopping" | "done" | "failed";
  /** Why it failed, or what is missing. */
  message?: string | undefined;
  lanes: readonly LaneState[];
}

/** Everything; after the first message only the sections that changed are sent. */
export interface DashboardState {
  about: About;
  instances: readonly InstanceState[];
  payments: PaymentCounts;
  /** The newest first; `more` tells how many are not in the lists. */
  allowances: readonly Allowance[];
  sessions: readonly SessionState[];
  more: { allowances: number; sessions: number };
  stores: StoreState;
  recent: readonly RecentRequest[];
  actions: {
    latest: readonly ActionSummary[];
    running: readonly ActionName[];
    /** Whether something was paid that could be sent again. */
    canReplay: boolean;
  };
  comparison: ComparisonState;
}

/** One server-sent message. `at` is the server's clock, Unix milliseconds. */
export type StateMessage = { at: number } & Partial<DashboardState>;
