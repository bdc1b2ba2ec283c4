// Sessions that were sold, for a payer that lost the answer: told again from the store and from the payment.
import type { SessionStore } from "@tollbooth-stores/core";
import { checkArguments, durationOption, requireKnownOptions } from "@tollbooth-stores/core/native";
import type { AnswerKeeper } from "./answer-keeper.ts";
import { readMark, sessionName } from "./sale-mark.ts";
import { type CredentialOptions, credentialOf, namesBesideCredential } from "./session-credential.ts";
import { idAfter } from "./session-moves.ts";
import { requireSessionStore } from "./session-opens.ts";
import { keepsSessions } from "./session-sale.ts";
import { sessionAnswer, tokenMaker } from "./session-token.ts";

export type SoldSessionsOptions = CredentialOptions & {
  /** As for `sellSession`: it says which of the sold sessions are live. */
  sessions: Pick<SessionStore, "get" | "newId">;
  /** As for `sellSession`. With another one a lost token cannot be told again: 409. */
  secret: string | Uint8Array;
  /** How long a lost answer can be asked for again: milliseconds, or "1h". Default 3,600,000. */
  forMs?: number | string | undefined;
};

const DEFAULT_FOR_MS = 3_600_000;
const KEPT = "a sold session";

/**
 * A gate's `answers` beside `sellSession`, with the same store, secret and credential. Nothing of the answer is kept, so no token is.
 * A session is told again as it is now, while it is live by the store's clock: to a request that presents it, under the id that it
 * has there, or else under the payment's token. One that was prolonged is told only to a request that presents it. A session that
 * is over, or was moved to an id that is not presented, is not told again: 409. So a new payment is refused with a TypeError before it is
 * verified where middleware in front has rotated the session. One that no seller behind the gate could serve is refused before it is
 * charged. Throws STORE_CONFIG as `sellSession` does.
 */
export function soldSessions(options: SoldSessionsOptions): AnswerKeeper {
  const { credential, forMs, tokens } = checkArguments("soldSessions", () => {
    requireSessionStore(options, "get", "newId");
    requireKnownOptions(options, namesBesideCredential);
    return {
      credential: credentialOf(options),
      forMs: durationOption(options.forMs ?? DEFAULT_FOR_MS, "forMs"),
      tokens: tokenMaker(options.secret),
    };
  });
  const { sessions } = options;
  const { tokenOf, markOf } = tokens;
  const keeper: AnswerKeeper = {
    needsCollector: true,
    requireSellable: (payment, { header, sessionMoves: moves = new Map() }) => checkSale({ payment, header, moves }),
    forMs,
    requireTellable({ sessionMoves }) {
      if (sessionMoves === undefined || sessionMoves.size === 0) return;
      throw new TypeError(
        "Middleware in front of this sale has rotated the session. A lost answer would take its new id with it: rotate on other routes.",
      );
    },
    write(_answer, { signal }) {
      // A new session's time is to begin when it is told, so nothing is kept for a client that has gone.
      signal?.throwIfAborted();
      return KEPT;
    },
    async read(_text, { key, header, sessionMoves = new Map() }) {
      const { prolonged } = await readMark(sessions, markOf(key));
      const own = prolonged === undefined ? tokenOf(key) : undefined;
      const name = own === undefined ? prolonged?.name : sessionName(sessions, own);
      const presented = credential.read(header);
      const isPresented = presented.status === "ok" && sessionName(sessions, presented.id) === name;
      const id = isPresented ? idAfter(sessionMoves, presented.id) : own;
      if (id === undefined) throw new Error("The session that was prolonged is not presented.");
      const record = await sessions.get(id);
      if (record === null) throw new Error("The session is over, or has another id.");
      return { ...sessionAnswer(id, record, credential.cookieLine(id)), status: 200 };
    },
  };
  const checkSale = keepsSessions(keeper, { sessions, tokens, credential });
  return keeper;
}
