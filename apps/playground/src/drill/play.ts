// Plays a trace against the front, standing for the edge proxy and for clients that do as the gateway's answers tell them.
import { setMaxListeners } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import type { RouteRules, Sent } from "./evidence.ts";
import type { Paying } from "./plan.ts";
import type { DrillRequest } from "./trace.ts";
import type { Wallets } from "./wallets.ts";

export interface PlayerOptions {
  /** The front's address. */
  url: string;
  routes: ReadonlyMap<string, RouteRules>;
  wallets: Wallets;
  /** Resolves once the payment's settlement was asked for: then clients that hang up do. Default: they never do. */
  settling?: ((payment: string, signal: AbortSignal) => Promise<unknown>) | undefined;
}

export interface PlayOptions {
  /** Aborting ends the play early; it rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** 2 plays twice as fast. Default 1. */
  speed?: number | undefined;
  /** The instant of the trace that is now, in milliseconds. Default: that of the first request. */
  from?: number | undefined;
}

export interface Player {
  /** Sends each request at its instant; resolves when the last one has its last answer. */
  play(requests: readonly DrillRequest[], options?: PlayOptions): Promise<void>;
  /** What was sent and answered so far, by request id. */
  readonly sent: ReadonlyMap<string, Sent>;
}

/** One attempt takes no longer than this, in milliseconds: more than the gateway may wait for another's lease. */
const attemptMs = 40_000;
/** A request is sent again until it is this old, in milliseconds, and no more than so often. */
const patienceMs = 90_000;
const mostTimes = 80;
/** Without Retry-After, and after a lost connection. */
const pauseMs = 500;
const mostSignings = 10;
/** More requests than these are never under way at once: on a slow machine the traffic takes longer, but nothing piles up. */
const mostInFlight = 48;

const boughtSchema = z.object({ session: z.string(), expiresAt: z.string().optional() });

export function player({ url, routes, wallets, settling }: PlayerOptions): Player {
  const sent = new Map<string, Sent>();
  const tokens = new Map<string, Promise<string | undefined>>();

  const attempt = async (request: DrillRequest, headers: Record<string, string>, one: Sent, signal: AbortSignal) => {
    one.times += 1;
    one.lastAt = Date.now();
    const started = performance.now();
    const response = await fetch(`${url}${request.route}`, {
      method: routes.get(request.route)?.method ?? "GET",
      headers,
      signal: AbortSignal.any([signal, AbortSignal.timeout(attemptMs)]),
    });
    const body = await response.text();
    one.ms = performance.now() - started;
    one.status = response.status;
    return { status: response.status, retryAfter: response.headers.get("retry-after"), body };
  };

  /** One attempt of a client that goes away in the middle of it. */
  const attemptAndLeave: typeof attempt = async (request, headers, one, signal) => {
    if (request.action !== "pay" || settling === undefined) return attempt(request, headers, one, signal);
    const leaving = new AbortController();
    const answered = new AbortController();
    settling(request.payment, AbortSignal.any([signal, answered.signal])).then(
      () => {
        one.hungUp = true;
        leaving.abort();
      },
      () => undefined,
    );
    try {
      return await attempt(request, headers, one, AbortSignal.any([signal, leaving.signal]));
    } finally {
      answered.abort();
    }
  };

  /** The same request, and payment, until there is an answer other than 503. Returns the last one's body. */
  const persist = async (request: DrillRequest, headers: Record<string, string>, one: Sent, signal: AbortSignal) => {
    const until = performance.now() + patienceMs;
    for (;;) {
      const leaves = request.action === "pay" && request.hangUp === true && one.times === 0;
      const answer = await (leaves ? attemptAndLeave : attempt)(request, headers, one, signal).catch(
        (error: unknown) => {
          if (signal.aborted) throw error;
          return undefined;
        },
      );
      if (answer !== undefined && answer.status !== 503) return answer;
      if (answer === undefined) one.status = undefined;
      const wait = secondsOf(answer?.retryAfter) ?? pauseMs;
      if (performance.now() + wait > until || one.times >= mostTimes) {
        if (answer === undefined) one.problem = "no-answer";
        return answer;
      }
      await sleep(wait, undefined, { signal });
    }
  };

  /** A payment that can be signed; the price or the funding it needs may have to be asked for more than once. */
  const signedFor = async (request: Paying, signal: AbortSignal) => {
    for (let tries = 1; ; tries += 1) {
      const headers = await wallets.headersFor(request).catch(() => undefined);
      if (headers !== undefined || tries === mostSignings) return headers;
      await sleep(pauseMs, undefined, { signal });
    }
  };

  const send = async (request: DrillRequest, one: Sent, signal: AbortSignal): Promise<string | undefined> => {
    const headers: Record<string, string> = {
      "x-request-id": request.id,
      // The edge proxy appends the address that it saw to whatever the client wrote.
      "x-forwarded-for": [request.forwardedFor, request.client].filter((part) => part !== undefined).join(", "),
      ...(request.userAgent !== undefined && { "user-agent": request.userAgent }),
    };
    if (request.action === "use") {
      const token = await tokens.get(request.session);
      if (token === undefined) {
        one.problem = "no-session";
        one.lastAt = Date.now();
        return undefined;
      }
      headers.authorization = `Bearer ${token}`;
    }
    if (request.action === "pay" || request.action === "buy") {
      const payment = await signedFor(request, signal);
      if (payment === undefined) {
        one.problem = "not-signed";
        return undefined;
      }
      // Its own, for as often as it asks: by it the gateway knows that it is the payer who asks again.
      Object.assign(headers, payment, { "idempotency-key": `${request.client} ${request.payment}` });
    }
    const answer = await persist(request, headers, one, signal);
    if (request.action !== "buy" || (answer?.status !== 201 && answer?.status !== 200)) return undefined;
    const bought = boughtSchema.safeParse(parsed(answer.body)).data;
    one.over = bought?.expiresAt !== undefined && Date.parse(bought.expiresAt) <= Date.now();
    return one.over ? undefined : bought?.session;
  };

  return {
    sent,
    async play(requests, { signal = new AbortController().signal, speed = 1, from } = {}) {
      // Every request in flight listens to it.
      setMaxListeners(0, signal);
      const begun = performance.now();
      const base = from ?? requests[0]?.at ?? 0;
      const running = new Set<Promise<unknown>>();
      for (const request of requests) {
        const due = (request.at - base) / speed - (performance.now() - begun);
        // An abort is told below, with its reason.
        if (due >= 1) await sleep(due, undefined, { signal }).catch(() => undefined);
        while (running.size >= mostInFlight) await Promise.race(running);
        signal.throwIfAborted();
        const one: Sent = { times: 0, lastAt: 0, finished: false, status: undefined, ms: 0, problem: undefined };
        sent.set(request.id, one);
        const done = send(request, one, signal)
          .catch(() => undefined)
          .finally(() => {
            one.finished = !signal.aborted;
          });
        if (request.action === "buy") tokens.set(request.session, done);
        running.add(done);
        void done.finally(() => running.delete(done));
      }
      await Promise.all(running);
      signal.throwIfAborted();
    },
  };
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

/** A Retry-After in seconds, as milliseconds. */
function secondsOf(header: string | null | undefined): number | undefined {
  return header !== null && header !== undefined && /^\d{1,4}$/.test(header) ? Number(header) * 1_000 : undefined;
}
