// The token of a session that is sold, and the answer that tells it.
import { createHmac } from "node:crypto";
import { StoreError } from "@tollbooth-stores/core";
import type { Answer } from "./answer.ts";

export interface Sold {
  expiresAtMs: number;
  quotas?: Record<string, bigint> | undefined;
}

export interface TokenMaker {
  /** The token of a payment: the same at each attempt, on every instance. */
  tokenOf(paymentKey: string): string;
  /** The id of a record beside the payment's session. It is told to no client. */
  markOf(paymentKey: string): string;
}

/** Throws STORE_CONFIG for a short secret. */
export function tokenMaker(secret: string | Uint8Array): TokenMaker {
  if (!(typeof secret === "string" || secret instanceof Uint8Array) || secret.length < 32)
    throw new StoreError("STORE_CONFIG", "secret must have at least 32 characters or bytes.");
  const hash = (text: string) => createHmac("sha256", secret).update(text).digest("base64url");
  return {
    tokenOf: (paymentKey) => hash(`session:${paymentKey}`),
    markOf: (paymentKey) => hash(`mark:${paymentKey}`),
  };
}

/** 201 with JSON. The id is in it, or in the cookie; in neither where its holder has it under another id. */
export function sessionAnswer(
  id: string | undefined,
  { expiresAtMs, quotas }: Sold,
  cookie: string | undefined,
): Answer {
  const body = {
    ...(cookie === undefined && id !== undefined && { session: id }),
    expiresAt: new Date(expiresAtMs).toISOString(),
    // As text: a quota may pass 2^53.
    quotas: Object.fromEntries(Object.entries(quotas ?? {}).map(([name, left]) => [name, String(left)])),
  };
  return {
    status: 201,
    headers: {
      "cache-control": "no-store",
      "content-type": "application/json",
      ...(cookie !== undefined && { "set-cookie": cookie }),
    },
    body: new TextEncoder().encode(JSON.stringify(body)),
  };
}
