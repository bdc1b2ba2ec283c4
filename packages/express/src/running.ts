// Who runs, in all that they call: the handlers of a request, or others.
import { AsyncLocalStorage } from "node:async_hooks";
import { subscribe } from "node:diagnostics_channel";
import type { IncomingMessage } from "node:http";

/** "unknown": work that has lost its async context, as that of a pooled driver, and middleware in front. */
export type Writer = "handlers" | "error handlers" | "unknown";

const running = new AsyncLocalStorage<{ request: IncomingMessage; writer: Writer }>();

/** The request that is answered, as an object that keeps no request in memory: a connection of a pool keeps the context it was opened in. */
const answering = new AsyncLocalStorage<object>();
const contexts = new WeakMap<object, object>();

// Node tells of a request right before the server's listeners hear of it, in the same turn: all that they call has this context.
subscribe("http.server.request.start", (message) => {
  const { request }: { request?: unknown } = Object(message);
  const context = {};
  contexts.set(Object(request), context);
  answering.enterWith(context);
});

export function runAs(writer: Writer, request: IncomingMessage, run: () => void): void {
  running.run({ request, writer }, run);
}

/** For what stands before a paid() and changes a response that its handlers may make: they are no handlers of a sale yet. */
export function runBehind(request: IncomingMessage, run: () => void): void {
  if (running.getStore()?.request === request) run();
  else runAs("unknown", request, run);
}

/** Who runs now, as far as the handlers of the request are concerned. */
export function writerOf(request: IncomingMessage): Writer {
  const now = running.getStore();
  return now?.request === request ? now.writer : "unknown";
}

/** Whether the handlers of any request run: a driver that is shared may run in the context of another request than its own. */
export function isBehindAny(): boolean {
  return running.getStore() !== undefined;
}

/**
 * Whether middleware in front of paid() runs, in all that it began for this request. A driver that has lost the handlers' context has that of
 * another request, or none. False where Node's own HTTP/1 server did not receive the request: then nothing tells.
 */
export function isInFront(request: IncomingMessage): boolean {
  const context = contexts.get(request);
  return context !== undefined && answering.getStore() === context && writerOf(request) === "unknown";
}
