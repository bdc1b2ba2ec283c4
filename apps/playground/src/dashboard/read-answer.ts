// What an answer that passed tells of its client's limits and sessions: by its headers, and by what a payment bought.
import { createHash } from "node:crypto";
import { decodePaymentSignatureHeader } from "@x402/core/http";
import { z } from "zod";
import type { Passed } from "../fleet/front.ts";
import { keepLatest } from "../keep-latest.ts";
import { clientIp } from "../process/client-ip.ts";

/** What one client was told by one limiter. Instants are Unix milliseconds. */
export interface Decision {
  /** "ip", or "payer GET /quote". */
  limiter: string;
  /** The address, or the payer. */
  client: string;
  at: number;
  limit: number;
  remaining: number;
  /** At most a second late: the header has whole seconds, rounded up. */
  resetsAtMs: number;
  /** False: the request was refused for it. */
  allowed: boolean;
}

/** A session that was bought, prolonged or used. */
export interface SessionSeen {
  /** Tells sessions apart; opens nothing. */
  id: string;
  at: number;
  route: string;
  payer: string;
  expiresAtMs: number;
  /** Only where calls are sold. */
  callsLeft?: number | undefined;
}

/** A session that was presented and opened nothing. */
export interface SessionOver {
  id: string;
  at: number;
}

export interface AnswerRead {
  decisions: Decision[];
  sessions: SessionSeen[];
  sessionsOver: SessionOver[];
}

/** The payers of so many sessions are remembered, by a hash of the token; the latest ones. */
const mostPayers = 1_000;

const purchase = z.object({
  session: z.string(),
  expiresAt: z.string(),
  quotas: z.object({ calls: z.string().optional() }),
});
const signed = z.object({ authorization: z.object({ from: z.string() }) });

/** Reads answers in the order in which they went out. `trustedProxies`: asked at each answer. */
export function answerReader(trustedProxies: () => number): (passed: Passed, at: number) => AnswerRead {
  const payers = new Map<string, string>();

  return ({ method, path, client, status, requestHeaders, answerHeaders, bought }, at) => {
    const route = `${method} ${path.split("?", 1).join("")}`;
    const token = /^Bearer ([^ ]+)$/i.exec(requestHeaders.authorization ?? "")?.[1];
    const signer = signerOf(requestHeaders["payment-signature"]?.toString());
    const sessions: SessionSeen[] = [];
    const seen = (opener: string, payer: string, expiresAt: string | undefined, callsLeft: string | undefined) => {
      const expiresAtMs = Date.parse(expiresAt ?? "");
      if (Number.isNaN(expiresAtMs)) return;
      const calls = callsLeft === undefined ? {} : { callsLeft: Number(callsLeft) };
      sessions.push({ id: nameOf(route, opener), at, route, payer, expiresAtMs, ...calls });
    };

    const purchased = purchase.safeParse(jsonOf(bought)).data;
    if (purchased !== undefined && signer !== undefined) {
      keepLatest(payers, mostPayers, nameOf(route, purchased.session), signer);
      seen(purchased.session, signer, purchased.expiresAt, purchased.quotas.calls);
    }
    const holder = token === undefined ? undefined : payers.get(nameOf(route, token));
    if (token !== undefined && signer === undefined) {
      const [expires, left] = [answerHeaders["x-session-expires"], answerHeaders["x-calls-left"]];
      seen(token, holder ?? "", expires?.toString(), left?.toString());
    }
    const isOver = status === 402 && token !== undefined && signer === undefined;

    const address = clientIp(client, requestHeaders["x-forwarded-for"]?.toString(), trustedProxies());
    const limits = limitsOf(answerHeaders);
    const decisions = limits.flatMap(({ limiter, limit, remaining, seconds }, index): Decision[] => {
      const who = limiter.startsWith("payer ") ? (signer ?? holder)?.toLowerCase() : address;
      // Of a session that was bought before the front's start the payer is not known.
      if (who === undefined) return [];
      // The last limiter that was asked is the one that refused.
      const allowed = status !== 429 || index < limits.length - 1;
      return [{ limiter, client: who, at, limit, remaining, resetsAtMs: at + seconds * 1_000, allowed }];
    });
    return { decisions, sessions, sessionsOver: isOver ? [{ id: nameOf(route, token), at }] : [] };
  };
}

interface LimitTold {
  limiter: string;
  limit: number;
  remaining: number;
  /** Until the allowance is whole again. */
  seconds: number;
}

/** The items of RateLimit, with what RateLimit-Policy says of the same limiter. */
function limitsOf(headers: Passed["answerHeaders"]): LimitTold[] {
  const policies = new Map(itemsOf(headers["ratelimit-policy"]));
  return [...itemsOf(headers.ratelimit)].flatMap(([limiter, { r: remaining, t: seconds }]) => {
    const limit = policies.get(limiter)?.q;
    if (limit === undefined || remaining === undefined || seconds === undefined) return [];
    return [{ limiter, limit, remaining, seconds }];
  });
}

/** `"ip";r=9;t=60, "payer GET /quote";r=0;t=2`: names and their numbers. */
function itemsOf(field: string | string[] | undefined): [name: string, numbers: Record<string, number | undefined>][] {
  return [...(field?.toString() ?? "").matchAll(/"([^"\\]*)"((?:;[a-z]+=\d+)*)/g)].map(
    ([, name = "", parameters = ""]) => [
      name,
      Object.fromEntries(
        [...parameters.matchAll(/;([a-z]+)=(\d+)/g)].map(([, key = "", value]) => [key, Number(value)]),
      ),
    ],
  );
}

/** The payer by the payment's own word. The gateway answers with a limit or a session of a payer only where the signature bears it out. */
function signerOf(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  try {
    return signed.safeParse(decodePaymentSignatureHeader(header).payload).data?.authorization.from;
  } catch {
    return undefined;
  }
}

function jsonOf(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Tells sessions apart, and opens nothing. */
function nameOf(route: string, token: string): string {
  return createHash("sha256").update(`${route}:${token}`).digest("hex").slice(0, 8);
}
