// Sells a session: what a payment bought is credited once, whatever crashes, and the token is made again of the payment.
import { isStoreError, type SessionRecord, type SessionStore, StoreError } from "@tollbooth-stores/core";
import { checkArguments, durationOption, type OptionNames, requireKnownOptions } from "@tollbooth-stores/core/native";
import type { Answer } from "./answer.ts";
import { requireFunction } from "./option-types.ts";
import type { PaidGate } from "./paid-gate.ts";
import type { PaymentInHand } from "./payment-in-hand.ts";
import { prolonger } from "./prolong-session.ts";
import { ahead, type MarkInHand, OWN, sessionName, takeMark } from "./sale-mark.ts";
import { type CredentialOptions, credentialOf, type HeaderReader } from "./session-credential.ts";
import { idAfter } from "./session-moves.ts";
import { isOpened, OF_A_RECORD, type OpensOption, requireBoolean, requireSessionStore } from "./session-opens.ts";
import { differing, type RequestedSale, requireSellingGate } from "./session-sale.ts";
import { type Sold, sessionAnswer, tokenMaker } from "./session-token.ts";

export type SellSessionOptions<T> = CredentialOptions &
  OpensOption<T> & {
    sessions: SessionStore<T>;
    /**
     * The gate of the `paid` in front. Where its `soldSessions` differ from this sale, sellSession throws STORE_CONFIG; a session that
     * cannot be sold is refused before it is charged. A gate of your own that tells no `answers` is taken as it is: what it does not ask
     * shows after the first charge, which stays owed until that is mended.
     */
    gate: PaidGate;
    /**
     * At least 32 characters or bytes, the same on every instance, kept secret: who knows it can make the token of any payment.
     * With a new one, a payment that is owed makes a new session.
     */
    secret: string | Uint8Array;
    grant: {
      /** Milliseconds, or "15m": how long the session lasts, or by how much the presented one is prolonged. At least a second. */
      extendMs: number | string;
      /** Added to the quotas of these names; each from 1 to 2^63-1. */
      quotas?: Readonly<Record<string, bigint>> | undefined;
    };
    /**
     * What the new session remembers of its payment, as `opens` asks for it. A session that is prolonged keeps its own. Asked before the
     * payment is settled, with a `settled` that is false, and again after that: so it changes nothing elsewhere.
     */
    data(payment: PaymentInHand): T | Promise<T>;
    /**
     * Whether the session that is presented is prolonged; else the payment makes a new one. Default: each one that `opens` takes.
     * It is asked of no other: a payer whose login was prolonged would have paid for what `session({ opens })` does not open. Its answer
     * must be a boolean, as that of `opens`: an error here leaves the payment owed.
     */
    prolongs?: ((record: SessionRecord<T>, payment: PaymentInHand) => boolean) | undefined;
  };

const optionNames: OptionNames<SellSessionOptions<unknown>> = {
  ...{ sessions: true, gate: true, secret: true, grant: true, data: true, opens: true, prolongs: true },
  ...{ cookie: true, bearer: true },
};

const grantNames: OptionNames<SellSessionOptions<unknown>["grant"]> = { extendMs: true, quotas: true };

/**
 * `header` reads the request's headers: a session that it presents is prolonged. `moves`: those of the request, so that a session that
 * middleware in front has rotated is prolonged under its new id, and not lost.
 */
export type SellSession = (
  payment: PaymentInHand,
  header?: HeaderReader,
  moves?: ReadonlyMap<string, string> | undefined,
) => Promise<Answer>;

/**
 * A gate's `serve` that sells a session: 201 with JSON `{ session, expiresAt, quotas }`, and with `cookie` a Set-Cookie in place
 * of `session`. For a gate with `answers: soldSessions(...)` (a token opens the API, so none is kept) and `order: "settle-then-serve"`
 * (nothing is given that was not paid for). Its `collector` is the buyer's Idempotency-Key, or else `presentedSession(...)`: so that a
 * copy of a payment prolongs no other session.
 *
 * A crash after the credit leaves a session that runs, and whose token its payer never got. The next attempt deletes that session and
 * makes it anew. So the payer has one session, whole from the moment it is told. A payment that comes again with its session, or with
 * what that was rotated to, is told it as it is. A prolonged session has a holder, who used the time: its credit is never repeated.
 * Where an attempt died while it prolonged a session, and that session is not presented any more, the payment is 503 until two minutes
 * after the last attempt with it, and makes a new session then. If the dead attempt had credited the old one, both were given.
 *
 * Rejects with a `StoreError`, and where another attempt is ahead; both leave the payment owed, and a retry goes on. Rejects with
 * STORE_CONFIG, and gives nothing, behind a gate that settles later. Throws STORE_CONFIG at once for options that would fail after
 * the payment, and for a `gate` without such `answers`, or with those of another secret or credential.
 */
export function sellSession<T>(options: SellSessionOptions<T>): SellSession {
  const { credential, grant, tokens, gatesSessions } = checkArguments("sellSession", () => {
    requireSessionStore(options, "create", "get", "newId", "touch", "credit", "debit", "delete");
    requireKnownOptions(options, optionNames);
    for (const name of ["opens", "prolongs"] as const) requireFunction(name, options[name], OF_A_RECORD);
    requireFunction("data", options.data ?? "none", "a function of the payment");
    const made = {
      credential: credentialOf(options),
      grant: grantOf(options.grant),
      tokens: tokenMaker(options.secret),
    };
    return { ...made, gatesSessions: requireSellingGate(options.gate, made, requireSellable) };
  });
  const { tokenOf, markOf } = tokens;
  const { sessions, data, prolongs } = options;
  let storedLength = -1;

  const prolong = prolonger<T>({ ...{ sessions, grant, tokenOf }, prolongs: isProlonged });

  function isProlonged(record: SessionRecord<T>, payment: PaymentInHand): boolean {
    if (!isOpened(options, record)) return false;
    return prolongs === undefined || requireBoolean("prolongs", prolongs(record, payment));
  }

  function presentedId(header: HeaderReader, moves: ReadonlyMap<string, string>): string | undefined {
    const read = credential.read(header);
    return read.status === "ok" ? idAfter(moves, read.id) : undefined;
  }

  /** Asks the seller's functions what the sale will ask them, while nothing is charged. */
  async function requireSellable({ payment, header, moves }: RequestedSale): Promise<void> {
    const given = await data(payment);
    requireOpened(tokenOf(payment.key), given);
    const presented = presentedId(header, moves);
    const record = presented === undefined ? null : await sessions.get(presented, { signal: payment.signal });
    if (record !== null) isProlonged(record, payment);
    await requireStorable(given, payment.signal);
  }

  /**
   * At the first payment, and at each whose data is longer than any before: that the store takes such a session, and the gate's store finds
   * it. It may be too large, or the store's user may lack a right.
   */
  async function requireStorable(given: T, signal: AbortSignal): Promise<void> {
    const length = lengthOf(given);
    if (length <= storedLength) return;
    try {
      const trial = { data: given, absoluteTtlMs: grant.extendMs, quotas: grant.quotas };
      const { id } = (await sessions.create(trial, { signal })).record;
      const isFound = gatesSessions === undefined || (await gatesSessions.get(id, { signal })) !== null;
      await sessions.delete(id, { signal });
      if (!isFound) throw differing("sessions");
    } catch (error) {
      if (!isStoreError(error, "STORE_INVALID_ARGUMENT") && !isStoreError(error, "STORE_VALUE_TOO_LARGE")) throw error;
      throw new StoreError("STORE_CONFIG", `The store takes no session of this grant and data. ${error.message}`);
    }
    storedLength = length;
  }

  /** Makes the payment's own session. One that an attempt before has made was not told, and its time has run since: that one goes. */
  async function makeOwn({ key, signal }: PaymentInHand, createWith: { data: T }, mark: MarkInHand): Promise<Sold> {
    const id = tokenOf(key);
    // While the lease is fresh: what another attempt makes later has another version.
    const before = await sessions.get(id, { signal });
    let { lost } = await mark.decide(OWN);
    // The number of the session is in the opId. So one that is made already is not credited again by an attempt that comes late.
    const make = () => {
      const opId = lost === 0n ? key : `${key} again ${lost}`;
      return sessions.credit(id, { ...grant, opId, createWith }, { signal });
    };
    if (before !== null) {
      if (!(await sessions.delete(id, { ifVersion: before.version, signal }))) throw ahead();
      lost = await mark.lose(lost);
    }
    let made = await make();
    if (before === null && made.status === "missing") {
      lost = await mark.lose(lost);
      made = await make();
    }
    if (made.status !== "ok" || made.replayed) throw ahead();
    return made;
  }

  return async (payment, header = () => undefined, moves = new Map()) => {
    if (payment.settled === false) {
      throw new StoreError(
        "STORE_CONFIG",
        'sellSession needs a gate with order: "settle-then-serve": what it gives cannot be taken back where the payment is refused. Nothing was charged.',
      );
    }
    const { key, signal } = payment;
    const presented = presentedId(header, moves);
    const createWith = { data: await data(payment) };
    requireOpened(tokenOf(key), createWith.data);
    const mark = await takeMark(sessions, { markId: markOf(key), signal, ...createWith });
    const { prolonged } = mark.current();
    // Its own session, too, is presented only by a payer that was told it.
    const name = prolonged?.name ?? sessionName(sessions, tokenOf(key));
    const isHeld = presented !== undefined && sessionName(sessions, presented) === name;
    const held = isHeld ? await sessions.get(presented, { signal }) : null;
    if (held !== null) return answerWith(presented, held);
    if (prolonged !== undefined) return answerWith(undefined, { expiresAtMs: prolonged.untilMs });

    const sold = presented === undefined ? undefined : await prolong(payment, presented, mark);
    return sold === undefined
      ? answerWith(tokenOf(key), await makeOwn(payment, createWith, mark))
      : answerWith(presented, sold);
  };

  /** Before anything is given: a session that its routes refuse is worth nothing to who paid for it. */
  function requireOpened(id: string, given: T): void {
    const createdAtMs = Date.now();
    const times = { createdAtMs, expiresAtMs: createdAtMs + grant.extendMs };
    if (isOpened(options, { id, data: given, version: 0, ...times, quotas: grant.quotas })) return;
    throw new StoreError(
      "STORE_CONFIG",
      "opens does not take what data returns, so the session that is sold would open nothing. Nothing was given for the payment.",
    );
  }

  function answerWith(id: string | undefined, sold: Sold): Answer {
    return sessionAnswer(id, sold, id === undefined ? undefined : credential.cookieLine(id));
  }
}

/** Of data that is no JSON nothing is known before it is tried. */
function lengthOf(data: unknown): number {
  try {
    return JSON.stringify(data)?.length ?? 0;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

const mostOfAQuota = 2n ** 63n - 1n;
const SHORTEST_MS = 1_000;

function grantOf(given: SellSessionOptions<unknown>["grant"] | undefined): {
  extendMs: number;
  quotas: Record<string, bigint>;
} {
  if (given === undefined)
    throw new StoreError("STORE_CONFIG", 'grant is missing: { extendMs: "15m" }, with or without quotas.');
  requireKnownOptions(given, grantNames, "grant");
  const { extendMs, quotas = {} } = given;
  const isList = typeof quotas !== "object" || quotas === null || Array.isArray(quotas);
  const amounts: [string, unknown][] = isList ? [] : Object.entries(quotas);
  const wrong = amounts.some(
    ([name, amount]) =>
      name.length < 1 || name.length > 128 || typeof amount !== "bigint" || amount < 1n || amount > mostOfAQuota,
  );
  if (isList || wrong || amounts.length > 100) {
    throw new StoreError(
      "STORE_CONFIG",
      "grant.quotas must be at most 100, each a bigint 1..2^63-1 (`100n`), with names of 1 to 128 characters.",
    );
  }
  const soldMs = durationOption(extendMs, "grant.extendMs");
  if (soldMs < SHORTEST_MS) {
    throw new StoreError(
      "STORE_CONFIG",
      `grant.extendMs is ${soldMs} milliseconds: a session of less than a second is over before it is used. A number is milliseconds; ten minutes are "10m".`,
    );
  }
  return { extendMs: soldMs, quotas: { ...quotas } };
}
