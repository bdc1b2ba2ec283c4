// What a gateway tells its parent about itself, a few times a second: sums, never a message for each request.
import { createHash } from "node:crypto";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { StoresDescription } from "@tollbooth-stores/config";
import { type OperationMessage, operationChannel } from "@tollbooth-stores/core";
import { z } from "zod";
import { keepLatest } from "../keep-latest.ts";
import { type DecisionEvent, type GatewayEvent, gatewayChannel, type SessionEvent } from "./gateway-events.ts";

/** What one client was told by one limiter. */
export interface DecisionReport {
  limiter: string;
  client: string;
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
  route: string;
  payer: string;
  /** Unix milliseconds. */
  expiresAtMs: number;
  /** Only where calls are sold: as of the last word of it, and the most since the report before. */
  callsLeft?: number | undefined;
  callsMost?: number | undefined;
}

/** What happened since the report before. */
export interface GatewayReport {
  kind: "gateway-report";
  /** Where state is kept, e.g. "memory", and whether other instances see it. */
  provider: string;
  shared: boolean;
  decisions: DecisionReport[];
  sessions: SessionReport[];
  operations: {
    /** How many took how long: pairs of a `latencyBucket` and a number. */
    latencies: [bucket: number, count: number][];
    errors: Record<string, number>;
  };
}

const count = z.int().min(0);
const schema: z.ZodType<GatewayReport> = z.strictObject({
  kind: z.literal("gateway-report"),
  provider: z.string(),
  shared: z.boolean(),
  decisions: z.array(
    z.strictObject({
      limiter: z.string(),
      client: z.string(),
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
      route: z.string(),
      payer: z.string(),
      expiresAtMs: z.number(),
      callsLeft: count.optional(),
      callsMost: count.optional(),
    }),
  ),
  operations: z.strictObject({
    latencies: z.array(z.tuple([count, count])),
    errors: z.record(z.string(), count),
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
  const about = { provider, shared: stores.every(({ shared }) => shared) };
  let gathered = nothing();
  const onOperation = (message: unknown) => {
    if (isOperation(message)) gathered.addOperation(message);
  };
  const onEvent = (message: unknown) => {
    if (isGatewayEvent(message)) gathered.addEvent(message);
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
  const addDecision = ({ kind: _kind, allowed, ...now }: DecisionEvent) => {
    const key = `${now.limiter} ${now.client}`;
    const before = decisions.get(key) ?? { allowed: 0, denied: 0 };
    const sums = { allowed: before.allowed + Number(allowed), denied: before.denied + Number(!allowed) };
    keepLatest(decisions, mostNamed, key, { ...now, ...sums });
  };
  const addSession = ({ kind: _kind, callsLeft, ...now }: SessionEvent) => {
    const id = createHash("sha256").update(now.id).digest("hex").slice(0, 8);
    const callsMost = Math.max(sessions.get(id)?.callsMost ?? 0, callsLeft ?? 0);
    keepLatest(sessions, mostNamed, id, { ...now, id, ...(callsLeft !== undefined && { callsLeft, callsMost }) });
  };
  return {
    addOperation({ durationMs, errorCode }: OperationMessage) {
      const bucket = latencyBucket(durationMs);
      latencies.set(bucket, (latencies.get(bucket) ?? 0) + 1);
      if (errorCode !== undefined) errors.set(errorCode, (errors.get(errorCode) ?? 0) + 1);
    },
    addEvent: (event: GatewayEvent) => (event.kind === "decision" ? addDecision(event) : addSession(event)),
    empty: () => decisions.size + sessions.size + latencies.size === 0,
    report: (): Omit<GatewayReport, "provider" | "shared"> => ({
      kind: "gateway-report",
      decisions: [...decisions.values()],
      sessions: [...sessions.values()],
      operations: { latencies: [...latencies], errors: Object.fromEntries(errors) },
    }),
  };
}

function isOperation(message: unknown): message is OperationMessage {
  return typeof message === "object" && message !== null && "durationMs" in message && "operation" in message;
}

function isGatewayEvent(message: unknown): message is GatewayEvent {
  return typeof message === "object" && message !== null && "kind" in message;
}
