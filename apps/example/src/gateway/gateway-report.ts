// What a gateway tells its parent about itself, a few times a second: sums, never a message for each request.
import { createHash } from "node:crypto";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { StoresDescription } from "@tollbooth-stores/config";
import { type OperationMessage, operationChannel } from "@tollbooth-stores/core";
import { z } from "zod";
import { keepLatest } from "../keep-latest.ts";
import { type GatewayMessage, gatewayChannel } from "./gateway-events.ts";

/** What one client was told by one limiter. */
export interface DecisionReport {
  limiter: string;
  client: string;
  /** Of the last decision, Unix milliseconds: reports of several gateways arrive in any order. */
  at: number;
  limit: number;
  /** As of the last decision. */
  remaining: number;
  /** Unix milliseconds. */
  resetsAtMs: number;
  /** Since the report before. */
  allowed: number;
  denied: number;
}

export interface SessionReport {
  /** Tells sessions apart; opens nothing. */
  id: string;
  /** Of the last word of it, Unix milliseconds. */
  at: number;
  route: string;
  payer: string;
  /** Unix milliseconds. */
  expiresAtMs: number;
  /** Only where calls are sold: as of the last word of it, and the most since the report before. */
  callsLeft?: number | undefined;
  callsMost?: number | undefined;
}

/** A session that was presented and opened nothing. */
export interface SessionOverReport {
  id: string;
  /** Unix milliseconds. */
  at: number;
}

/** What happened since the report before. */
export interface GatewayReport {
  kind: "gateway-report";
  /** The process that tells. State that is not shared ends with it. */
  pid: number;
  /** Where state is kept, e.g. "memory", and whether other instances see it. */
  provider: string;
  shared: boolean;
  decisions: DecisionReport[];
  sessions: SessionReport[];
  sessionsOver: SessionOverReport[];
  operations: {
    /** How many took how long, waits left out: pairs of a `latencyBucket` and a number. */
    latencies: [bucket: number, count: number][];
    errors: Record<string, number>;
    /** By provider: whether the last operation that can tell was answered, or found the store unavailable. */
    reached: Record<string, boolean>;
  };
}

const count = z.int().min(0);
const schema: z.ZodType<GatewayReport> = z.strictObject({
  kind: z.literal("gateway-report"),
  pid: count,
  provider: z.string(),
  shared: z.boolean(),
  decisions: z.array(
    z.strictObject({
      limiter: z.string(),
      client: z.string(),
      at: z.number(),
      limit: count,
      remaining: count,
      resetsAtMs: z.number(),
      allowed: count,
      denied: count,
    }),
  ),
  sessions: z.array(
    z.strictObject({
      id: z.string(),
      at: z.number(),
      route: z.string(),
      payer: z.string(),
      expiresAtMs: z.number(),
      callsLeft: count.optional(),
      callsMost: count.optional(),
    }),
  ),
  sessionsOver: z.array(z.strictObject({ id: z.string(), at: z.number() })),
  operations: z.strictObject({
    latencies: z.array(z.tuple([count, count])),
    errors: z.record(z.string(), count),
    reached: z.record(z.string(), z.boolean()),
  }),
});

/** The report, if it is one. */
export function readGatewayReport(message: unknown): GatewayReport | undefined {
  return schema.safeParse(message).data;
}

/** Four buckets for each doubling, from one microsecond on: the middle of a bucket is at most 10 % off. */
export function latencyBucket(ms: number): number {
  return Math.max(0, Math.round(Math.log2(Math.max(ms, 0.001) * 1_000) * 4));
}

/** The duration in the middle of a bucket, in milliseconds. */
export function bucketMs(bucket: number): number {
  return 2 ** (bucket / 4) / 1_000;
}

/** The most clients and sessions that one report names; beyond, the ones that were heard of first are left out. */
const mostNamed = 200;

/**
 * Listens on the stores' and the gateway's own channel, and hands over what there was every `everyMs`: at once the first
 * time, then nothing while there is nothing. Returns what ends it.
 */
export function startReporting(
  { rateLimits, sessions, verifications }: Pick<StoresDescription, "rateLimits" | "sessions" | "verifications">,
  tell: (report: GatewayReport) => void,
  everyMs = 250,
): () => void {
  const stores = [rateLimits, sessions, verifications];
  const provider = [...new Set(stores.map((store) => store.provider))].join(" + ");
  const about = { pid: process.pid, provider, shared: stores.every(({ shared }) => shared) };
  let gathered = nothing();
  const onOperation = (message: unknown) => {
    if (isOperation(message)) gathered.addOperation(message);
  };
  const onEvent = (message: unknown) => {
    if (isGatewayMessage(message)) gathered.addEvent(message);
  };
  const send = () => {
    if (gathered.empty()) return;
    const { report } = gathered;
    gathered = nothing();
    tell({ ...about, ...report() });
  };
  tell({ ...about, ...gathered.report() });
  subscribe(operationChannel, onOperation);
  subscribe(gatewayChannel, onEvent);
  const timer = setInterval(send, everyMs).unref();
  return () => {
    clearInterval(timer);
    unsubscribe(operationChannel, onOperation);
    unsubscribe(gatewayChannel, onEvent);
    send();
  };
}

function nothing() {
  const decisions = new Map<string, DecisionReport>();
  const sessions = new Map<string, SessionReport>();
  const latencies = new Map<number, number>();
  const errors = new Map<string, number>();
  const reached = new Map<string, boolean>();
  const sessionsOver = new Map<string, SessionOverReport>();
  const addDecision = ({ kind: _kind, allowed, ...now }: Message<"decision">) => {
    const key = `${now.limiter} ${now.client}`;
    const before = decisions.get(key) ?? { allowed: 0, denied: 0 };
    const sums = { allowed: before.allowed + Number(allowed), denied: before.denied + Number(!allowed) };
    keepLatest(decisions, mostNamed, key, { ...now, ...sums });
  };
  const addSession = ({ kind: _kind, callsLeft, ...now }: Message<"session">) => {
    const id = nameOf(now.id);
    const callsMost = Math.max(sessions.get(id)?.callsMost ?? 0, callsLeft ?? 0);
    keepLatest(sessions, mostNamed, id, { ...now, id, ...(callsLeft !== undefined && { callsLeft, callsMost }) });
  };
  const addSessionOver = ({ id, at }: Message<"session-over">) =>
    keepLatest(sessionsOver, mostNamed, nameOf(id), { id: nameOf(id), at });
  return {
    addOperation({ provider, operation, durationMs, errorCode }: OperationMessage) {
      // A wait takes as long as another caller needs, which is no time of the store's.
      if (operation !== "wait") {
        const bucket = latencyBucket(durationMs);
        latencies.set(bucket, (latencies.get(bucket) ?? 0) + 1);
      }
      if (errorCode !== undefined) errors.set(errorCode, (errors.get(errorCode) ?? 0) + 1);
      // An abort or a bad argument says nothing of the store.
      if (errorCode === undefined || errorCode === "STORE_UNAVAILABLE") reached.set(provider, errorCode === undefined);
    },
    addEvent(event: GatewayMessage) {
      if (event.kind === "decision") addDecision(event);
      else if (event.kind === "session") addSession(event);
      else addSessionOver(event);
    },
    empty: () => decisions.size + sessions.size + sessionsOver.size + reached.size + errors.size === 0,
    report: (): Omit<GatewayReport, "pid" | "provider" | "shared"> => ({
      kind: "gateway-report",
      decisions: [...decisions.values()],
      sessions: [...sessions.values()],
      sessionsOver: [...sessionsOver.values()],
      operations: {
        latencies: [...latencies],
        errors: Object.fromEntries(errors),
        reached: Object.fromEntries(reached),
      },
    }),
  };
}

type Message<K extends GatewayMessage["kind"]> = Extract<GatewayMessage, { kind: K }>;

/** Tells sessions apart, and opens nothing. */
function nameOf(id: string): string {
  return createHash("sha256").update(id).digest("hex").slice(0, 8);
}

function isOperation(message: unknown): message is OperationMessage {
  return typeof message === "object" && message !== null && "durationMs" in message && "operation" in message;
}

function isGatewayMessage(message: unknown): message is GatewayMessage {
  return typeof message === "object" && message !== null && "kind" in message;
}
