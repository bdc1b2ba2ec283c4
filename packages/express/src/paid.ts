// Sells what the handlers behind it answer, through a gate.

import type { IncomingMessage } from "node:http";
import { isUint8Array } from "node:util/types";
import {
  beforeGate,
  isSoldAlready,
  type PaidGate,
  type PaidOptions,
  type PaymentInHand,
  paidSettings,
  problem,
  withOwnSignal,
} from "@tollbooth-stores/http";
import { answerUnlessHeld } from "./answer-unless-held.ts";
import type { ExpressMiddleware } from "./express-types.ts";
import { type HeldResponse, holdResponse } from "./held-response.ts";
import { hideConditions } from "./hide-conditions.ts";
import { answeredInFront, mayBeAnswered, requireUnanswered, watchOthers } from "./others-answer.ts";
import { ownTurn } from "./own-turn.ts";
import { bodyOf } from "./request-body.ts";
import { contextOf, goneOf } from "./request-context.ts";
import { runAs, writerOf } from "./running.ts";
import { sealExceptFor, sealSentResponse, sealUntilFinish } from "./seal-response.ts";
import { hasBegun, isOver } from "./send-answer.ts";
import { sendAlone, sendWhole } from "./send-whole.ts";

export type { PaidOptions } from "@tollbooth-stores/http";

const payments = new WeakMap<IncomingMessage, PaymentInHand>();
/** The gate that the handlers make an answer for. */
const sellers = new WeakMap<IncomingMessage, PaidGate>();

const failure = problem(500, "internal_error", "Something went wrong here.");

/** The payment that the handler answers for. Undefined where the gate does not sell the request, or access is free. */
export function paymentOf(request: IncomingMessage): PaymentInHand | undefined {
  return payments.get(request);
}

/**
 * The handlers behind it run at most once in a request. All that they write is held back and read whole, errors that Express's
 * handlers answer included, and the gate's answer is sent in its place: theirs where it was paid for. Early hints, trailers, a
 * `statusMessage`, headers of the connection and what comes after the end are dropped. The request that they see has no Range and no
 * conditional headers, of which Express would make a 304: a payment buys the whole answer.
 *
 * A request that the gate does not sell goes on from `app.use(paid(gate))`, and its response streams as without paid(). From a route's
 * own paid(), as in `app.get("/quote", paid(gate), handler)`, it is 404. `unsold` says otherwise. A paid() that a function of
 * your own calls wants `unsold: "refuse"`: it cannot be found on the route, and counts as one of `app.use`.
 *
 * Where the same gate sells the request already, the request goes on. Two gates that both sell it are a TypeError.
 *
 * Reads the request's body: `req.body` is the value of JSON, or a Buffer of any other body; JSON that is none is 400. A body with a
 * content-encoding stays a Buffer of its encoded bytes. A parser before it must keep the bytes: `express.json({ verify: rawBody })`.
 * Where the client goes, or others answer before the handlers run, nothing is written, and no answer is sold. A response that others
 * have begun is an error. An answer counts as delivered when it is handed to the response, not when it has arrived.
 * Where the gate fails, error handlers answer, and what the handlers do from then on is dropped. Work that a driver calls outside of its
 * caller's async context may be either's: an answer that it ends is a plain 500 then.
 * Throws STORE_CONFIG without a gate, and for options that cannot be meant.
 */
export function paid(gate: PaidGate, options?: PaidOptions): ExpressMiddleware {
  const { maxBodyBytes, maxAnswerBytes, unsold } = paidSettings(gate, options);
  const middleware: ExpressMiddleware = async (request, response, next) => {
    const isOnRoute = isOfRoute(middleware, request);
    const context = contextOf(request, response, isOnRoute);
    if (isSoldAlready(gate, context, sellers.get(request))) return next();
    const before = beforeGate(gate, context, unsold ?? (isOnRoute ? "refuse" : "pass"));
    if (before === "pass") return next();
    if (before !== "ask") return sendAlone(response, before);
    if (isOver(response)) return;
    const writer = () => writerOf(request);
    if (mayBeAnswered(response)) {
      if (!hasBegun(response)) answerUnlessHeld(response, failure);
      // Error handlers hear of it, and change nothing.
      sealExceptFor(
        response,
        () => (writer() === "unknown" ? "error handlers" : "handlers"),
        () => {},
      );
      return runAs("handlers", request, () => next(answeredInFront()));
    }
    requireUnanswered(response);
    response.removeHeader("content-length");
    let held: HeldResponse | undefined;
    let cookies: readonly string[] = [];
    // The gate hears of it before it records a delivery.
    const others = watchOthers(response, (error) => {
      held?.giveWay();
      goneOf(response).abort(error);
    });
    // Others may have answered meanwhile: a timeout in front, say.
    const isAnswered = () => isOver(response) || others.hasEnded();
    const sealFor = ({ hasEnded }: HeldResponse) => (hasEnded() ? sealUntilFinish : sealSentResponse)(response);
    try {
      const body = await bodyOf(request, maxBodyBytes);
      if (body === undefined || isAnswered()) return;
      requireUnanswered(response);
      if (!isUint8Array(body)) {
        others.letGo();
        // The rest of the body is not read, so the connection ends.
        if (!request.readableEnded) response.setHeader("connection", "close");
        sendAlone(response, body);
        return;
      }
      await ownTurn(response, goneOf(response).signal);
      if (isAnswered()) return;
      requireUnanswered(response);
      const serve = async (payment: PaymentInHand) => {
        goneOf(response).signal.throwIfAborted();
        requireUnanswered(response);
        payments.set(request, payment);
        sellers.set(request, gate);
        hideConditions(request);
        held = holdResponse(response, maxAnswerBytes, () => writer() === "handlers");
        runAs("handlers", request, next);
        const made = await held.answer;
        requireUnanswered(response);
        cookies = made.cookies;
        return made.answer;
      };
      const answer = await gate.handle(context, body, (payment) => withOwnSignal(payment, serve));
      held?.release();
      others.letGo();
      if (isAnswered()) {
        if (held !== undefined) sealFor(held);
      } else if (answer === undefined) next();
      else if (held === undefined) sendAlone(response, answer);
      else {
        sendWhole(response, answer, cookies);
        // Handlers that are still at work, or throw only now, change nothing of it.
        sealFor(held);
      }
    } catch (error) {
      held?.release();
      others.letGo();
      // After the client has gone, or has the answer of others, an error has no reader.
      if (isAnswered()) {
        if (held !== undefined && (hasBegun(response) || others.hasEnded())) sealFor(held);
        return;
      }
      const asErrorHandlers = (run: () => void) => runAs("error handlers", request, run);
      // Error handlers answer. Handlers that are still at work must give nothing away meanwhile.
      if (held !== undefined) {
        sealExceptFor(response, writer, () => asErrorHandlers(() => sendWhole(response, failure)));
      }
      asErrorHandlers(() => next(error));
    } finally {
      others.letGo();
    }
  };
  return middleware;
}

/** Whether it stands on the route whose handlers run: `request.route` stays when a route has let a request go on. */
function isOfRoute(middleware: ExpressMiddleware, { route }: { route?: unknown }): boolean {
  const { stack }: { stack?: unknown } = Object(route);
  return Array.isArray(stack) && stack.some((layer) => Object(layer).handle === middleware);
}
