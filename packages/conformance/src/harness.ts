// What a suite needs from its caller: a way to make stores, a way to step the clock, and optional probes.
import type { Capabilities } from "@tollbooth-stores/core";

/** One physical key of the backend, as an operator would see it. */
export interface RawEntry {
  key: string;
  /** The stored bytes, as text in any fixed encoding: compared and searched, never parsed. */
  value: string;
  /** Until the backend itself drops the key; null where it never does. */
  ttlMs: number | null;
}

/** A server that can be made to fail. Every function resolves once the fault is in place. */
export interface ServerProbe {
  /** Every call to a dead server must settle within this. */
  commandTimeoutMs: number;
  /** Freezes the server: connections stay, nothing answers. */
  freeze(): Promise<void>;
  thaw(): Promise<void>;
  /** Ends the server, so that connections are refused. */
  stop(): Promise<void>;
  /** Starts it again with what it had stored. */
  start(): Promise<void>;
  /** SCRIPT FLUSH. */
  flushScripts(): Promise<void>;
  /** Answers the next call that would write with this error, once, without running it. */
  answerOnce(error: string): Promise<void>;
  /** Errors of the server's own making (ACL, wrong type, OOM, wrong password, bad URL), and the words none may show. */
  provoke?(): Promise<readonly { error: unknown; secrets: readonly string[] }[]>;
}

/** A cluster whose slots can be moved. */
export interface ClusterProbe {
  /** Moves slots to and fro, and resolves when the cluster is stable again. */
  reshard(): Promise<void>;
}

/** A negative cache in front of the store. */
export interface DenyCacheProbe<S> {
  /** How long a denial may be answered from it, in real milliseconds. */
  maxMs: number;
  /** The most entries it may hold. */
  maxEntries: number;
  /** How many it holds, where that can be told. */
  size?(store: S): number;
}

/**
 * Optional views into the backend. A property that needs one that is missing does not apply, and the suite says so by
 * name; nothing is skipped silently.
 */
export interface Probes<S> {
  /** Every physical key of the namespace. */
  inspect?(namespace: string): Promise<readonly RawEntry[]>;
  /** Makes every stored value of the namespace unreadable; TTLs stay. */
  corrupt?(namespace: string): Promise<void>;
  /** Takes the TTL from every key of the namespace. */
  persist?(namespace: string): Promise<void>;
  /** How many calls have reached the backend so far. */
  backendCalls?(): number;
  /** Turns the backend's clock back. */
  stepBack?(ms: number): Promise<void> | void;
  /** A store in a process whose own clock is wrong by `skewMs`, on the same backend. */
  skewed?(namespace: string, skewMs: number): Promise<S> | S;
  /** A store in another process; closing it ends the process. */
  spawn?(namespace: string): Promise<S>;
  /** A store that holds at most `maxEntries` records. */
  bounded?(namespace: string, maxEntries: number): Promise<S> | S;
  /** How many records a bounded store's namespace holds; for a store whose keys cannot be inspected. */
  count?(namespace: string): number;
  denyCache?: DenyCacheProbe<S>;
  server?: ServerProbe;
  cluster?: ClusterProbe;
  /** Stores through every other client and protocol version on the same backend, by name. */
  peers?: Readonly<Record<string, (namespace: string) => Promise<S> | S>>;
  /** A store over a client that the harness owns, and whether that client still works. */
  borrowed?(namespace: string): Promise<{ store: S; clientWorks(): Promise<boolean> }>;
  /** Physical expiries of `count` records created together by `write`, in milliseconds from now. */
  physicalTtls?(namespace: string): Promise<readonly number[]>;
}

/** How to run a suite. `name`, `create` and `advance` are enough. */
export interface Harness<S> {
  name: string;
  /** A store on that namespace. A fresh one is isolated; the same one twice is two instances on one backend. */
  create(namespace: string): Promise<S> | S;
  /** Steps the instant that the stores see, in milliseconds. Only where there is none to step may it really wait. */
  advance(ms: number): Promise<void> | void;
  /** What the store says of itself (it is compared). Default: shared, atomic. */
  capabilities?: Pick<Capabilities, "shared" | "atomic"> | undefined;
  /** Whether the same namespace twice gives two instances on one backend. Default: `capabilities.shared`. */
  instances?: boolean | undefined;
  probes?: Probes<S> | undefined;
  /** The needs that this harness is known not to meet. Given, the suite fails where another one is not met either. */
  lacks?: readonly Need[] | undefined;
  /** The largest value the store takes, in bytes. Default 65,536. */
  maxValueBytes?: number | undefined;
  /** Repeats one run of the random sequences: the seed that a failure printed. Default: a new one each time. */
  seed?: number | undefined;
}

/** What a property may need beyond `create` and `advance`. */
export type Need =
  | "instances"
  | "inspect"
  | "corrupt"
  | "persist"
  | "backendCalls"
  | "stepBack"
  | "skewed"
  | "spawn"
  | "bounded"
  | "denyCache"
  | "server"
  | "cluster"
  | "peers"
  | "borrowed"
  | "physicalTtls";
