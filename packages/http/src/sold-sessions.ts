// Sessions that were sold, for a payer that lost the answer: kept without their token, which is made again of the payment.
import { durationOption } from "@tollbooth-stores/core/native";
import type { Answer } from "./answer.ts";
import type { AnswerKeeper, KeptRequest } from "./answer-keeper.ts";
import { type CredentialOptions, credentialOf } from "./session-credential.ts";
import { sessionAnswer, tokenMaker } from "./session-token.ts";

export type SoldSessionsOptions = CredentialOptions & {
  /** As for `sellSession`. With another one a lost token cannot be told again: 409. */
  secret: string | Uint8Array;
  /** How long a lost answer can be asked for again: milliseconds, or "1h". Default 3,600,000. */
  forMs?: number | string | undefined;
};

const DEFAULT_FOR_MS = 3_600_000;

/**
 * A gate's `answers` beside `sellSession`, with the same secret and the same credential. The store keeps when the session ends
 * and what is left of its quotas as they were sold, never the token. A session that is over is not told again. Throws
 * STORE_CONFIG as `sellSession` does.
 */
export function soldSessions({ secret, forMs = DEFAULT_FOR_MS, ...options }: SoldSessionsOptions): AnswerKeeper {
  const credential = credentialOf(options);
  const { tokenOf, checkOf } = tokenMaker(secret);
  const presentedBy = ({ header }: KeptRequest) => {
    const presented = credential.read(header);
    return presented.status === "ok" ? presented.id : undefined;
  };
  return {
    forMs: durationOption(forMs, "forMs"),
    write(answer, request) {
      const { expiresAt, quotas } = bodyOf(answer);
      const prolongs = presentedBy(request);
      const prolonged = prolongs !== undefined && isTold(answer, prolongs, credential.cookieLine(prolongs));
      // The session that was prolonged is not presented any more, so no answer tells it.
      if (bodyOf(answer).session === undefined && answer.headers["set-cookie"] === undefined) {
        throw new Error("An answer without a session is not kept.");
      }
      // A new session's time is to begin when it is told, so nothing is kept for a client that has gone.
      if (!prolonged) request.signal?.throwIfAborted();
      return JSON.stringify({ expiresAt, quotas, ...(prolonged ? { prolonged } : { check: checkOf(request.key) }) });
    },
    read(text, request) {
      const { expiresAt, quotas, prolonged, check } = keptIn(text);
      const id = prolonged ? presentedBy(request) : tokenOf(request.key);
      if (id === undefined) throw new Error("The session that was prolonged is not presented.");
      if (!prolonged && check !== checkOf(request.key)) throw new Error("The secret has changed: the token is lost.");
      const expiresAtMs = Date.parse(expiresAt);
      if (!prolonged && !(expiresAtMs > Date.now())) throw new Error("The session is over.");
      const left = Object.fromEntries(Object.entries(quotas).map(([name, amount]) => [name, BigInt(amount)]));
      return { ...sessionAnswer(id, { expiresAtMs, quotas: left }, credential.cookieLine(id)), status: 200 };
    },
  };
}

/** Whether the answer tells this id: in its body, or by this cookie. */
function isTold(answer: Answer, id: string, cookie: string | undefined): boolean {
  return cookie === undefined ? bodyOf(answer).session === id : answer.headers["set-cookie"] === cookie;
}

interface Told {
  session?: unknown;
  expiresAt: string;
  /** As text. */
  quotas: Record<string, string>;
}

function bodyOf({ body }: Answer): Told {
  return toldIn(JSON.parse(new TextDecoder().decode(body)));
}

function keptIn(text: string): Told & { prolonged: boolean; check: unknown } {
  const kept: unknown = JSON.parse(text);
  const { prolonged, check }: Partial<Record<string, unknown>> = Object(kept);
  return { ...toldIn(kept), prolonged: prolonged === true, check };
}

function toldIn(value: unknown): Told {
  const { session, expiresAt, quotas }: Partial<Record<string, unknown>> = Object(value);
  if (typeof expiresAt !== "string" || typeof quotas !== "object" || quotas === null) {
    throw new TypeError("This is no sold session.");
  }
  return {
    session,
    expiresAt,
    quotas: Object.fromEntries(Object.entries(quotas).map(([name, left]) => [name, String(left)])),
  };
}
