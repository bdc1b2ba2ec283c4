// The session of a request, calls spent from it, and the sale of one.
import type { IncomingMessage } from "node:http";
import { checkArguments } from "@tollbooth-stores/core/native";
import {
  addCookies,
  type HeldSession,
  isHeld,
  type RequestSession,
  requireSpend,
  type SellSessionOptions,
  type SessionOptions,
  type SpendOptions,
  sellSession as seller,
  sessionMovesOf,
  sessionReader,
  spendCall,
} from "@tollbooth-stores/http";
import { beforeFailureEnds } from "./before-failure-ends.ts";
import type { ExpressMiddleware } from "./express-types.ts";
import { paymentOf } from "./paid.ts";
import { goneOf, headerOf } from "./request-context.ts";
import { runBehind } from "./running.ts";
import { cookiesOf, isOver, sendAnswer } from "./send-answer.ts";
import { sendRefusal } from "./send-whole.ts";

/** A middleware; `of(req)` is the session that it found. */
export type SessionMiddleware<Session> = ExpressMiddleware & {
  /** Throws a TypeError where the middleware is not before the handler. */
  of(request: IncomingMessage): Session;
};

/** Read by `spend`, whatever the session's data is. */
const sessions = new WeakMap<IncomingMessage, RequestSession<unknown>>();

/**
 * Reads the session by its cookie or its bearer token: `const visitor = session({ sessions })`, and in handlers behind it
 * `visitor.of(req)`. Missing, malformed, over, or not one that `opens` takes: 401, or with `required: false` a session without
 * `record`. A store that is away: 503 with Retry-After.
 */
export function session<T>(options: SessionOptions<T> & { required: false }): SessionMiddleware<RequestSession<T>>;
export function session<T>(
  options: SessionOptions<T> & { required?: true | undefined },
): SessionMiddleware<HeldSession<T>>;
export function session<T>(
  options: SessionOptions<T>,
): SessionMiddleware<RequestSession<T>> | SessionMiddleware<HeldSession<T>> {
  const read = checkArguments("session", () => sessionReader(options));
  const found = new WeakMap<IncomingMessage, RequestSession<T>>();
  const middleware: ExpressMiddleware = async (request, response, next) => {
    const teller = {
      requireTellable() {
        if (paymentOf(request) !== undefined) {
          throw new TypeError("An answer that is sold cannot change the session: do so on another route.");
        }
        if (response.headersSent)
          throw new TypeError("The headers are sent already, so the session's cookie cannot be told.");
      },
      tell: (line: string) => void response.setHeader("set-cookie", addCookies(cookiesOf(response), [line])),
    };
    const { signal } = goneOf(response);
    const answer = await read((name) => headerOf(request, name), teller, signal, sessionMovesOf(request)).catch(
      (error: unknown) => {
        // After the client has gone an error has no reader.
        if (!signal.aborted) throw error;
      },
    );
    // Others may have answered meanwhile: a timeout in front, say.
    if (answer === undefined || isOver(response)) return;
    if (answer.refused !== undefined) return sendRefusal(response, answer.refused, "session");
    found.set(request, answer.session);
    sessions.set(request, answer.session);
    next();
  };
  const of = (request: IncomingMessage): RequestSession<T> => {
    const one = found.get(request);
    if (one === undefined) throw new TypeError("of() needs this session() before the handler.");
    return one;
  };
  if (options.required === false) return Object.assign(middleware, { of });
  return Object.assign(middleware, {
    of(request: IncomingMessage): HeldSession<T> {
      const one = of(request);
      if (!isHeld(one)) throw new TypeError("The session was ended in this request.");
      return one;
    },
  });
}

/**
 * Takes one call from the session's quota, and gives it back, before the answer ends, where that is 500 and above. Behind
 * `session()`. No call left: 402 (or `status`). A client that leaves once its handler runs has used its call.
 */
export function spend(quota: string, options?: SpendOptions): ExpressMiddleware {
  requireSpend(quota, options);
  return async (request, response, next) => {
    const found = sessions.get(request);
    if (found === undefined) throw new TypeError("spend() needs session() before it.");
    if (isOver(response)) return;
    const { spent, refused } = await spendCall(found, quota, options);
    if (refused !== undefined) return sendRefusal(response, refused, "spend");
    // No handler ran, and its answer would have no reader.
    if (isOver(response)) return spent.giveBack();
    const { header } = options ?? {};
    if (header !== undefined && !response.headersSent) response.setHeader(header, String(spent.remaining));
    beforeFailureEnds(response, {
      head() {
        if (header !== undefined) response.removeHeader(header);
      },
      end: () => spent.giveBack(),
    });
    runBehind(request, next);
  };
}

/** Sells a session behind `paid(gate)`: see `sellSession` of @tollbooth-stores/http, and how that gate is to be set. */
export function sellSession<T>(options: SellSessionOptions<T>): ExpressMiddleware {
  const sell = seller(options);
  return async (request, response) => {
    const payment = paymentOf(request);
    if (payment === undefined)
      throw new TypeError("sellSession() needs paid() before it, with a gate that sells this route.");
    sendAnswer(response, await sell(payment, (name) => headerOf(request, name), sessionMovesOf(request)));
  };
}
