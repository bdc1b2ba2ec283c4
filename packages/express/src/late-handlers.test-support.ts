// What handlers do too late: after their answer's end, or after their gate has given up on them.
import { AsyncResource } from "node:async_hooks";
import type { Response as ExpressResponse, Request } from "express";

export const pause = (ms = 1): Promise<unknown> => new Promise((resolve) => setTimeout(resolve, ms));

const beforeRequests = new AsyncResource("before requests");
/** Outside of its caller's async context, as what a pooled connection of before the requests calls. */
export const withoutContext = (run: () => void): void => beforeRequests.runInAsyncScope(run);

export type Handler = (request: Request, response: ExpressResponse, next: (error?: unknown) => void) => unknown;

/** What follows an end: a throw, a rejection, another answer, other headers. */
export const afterTheEnd: Record<string, Handler> = {
  throws: () => {
    throw new Error("After the end.");
  },
  "throws a moment later": async () => {
    await pause();
    throw new Error("After the end.");
  },
  "hands on an error": (_request, _response, next) => next(new Error("After the end.")),
  "hands on": (_request, _response, next) => next(),
  "answers again": (_request, response) => response.status(200).json({ a: "longer answer than the first one" }),
  "writes what is nothing": (_request, response) => void response.write(undefined),
  // An error in a microtask would end the process.
  "does all else that a response can": (_request, response) =>
    queueMicrotask(() => {
      response.appendHeader("x-late", "1").setHeaders(new Map([["x-late", "1"]]));
      response.flushHeaders();
      response.writeContinue();
      response.writeProcessing();
      response.writeEarlyHints({ link: "</late.css>; rel=preload" });
      response.addTrailers({ "x-late": "1" });
    }),
  "writes again": (_request, response) => response.status(201).set("x-late", "1").cookie("late", "1").end("more"),
};
