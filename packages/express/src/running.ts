// Who runs, in all that they call: the handlers of a request, or others.
import { AsyncLocalStorage } from "node:async_hooks";
import type { IncomingMessage } from "node:http";

/** "unknown": work that has lost its async context, as that of a pooled driver, and middleware in front. */
export type Writer = "handlers" | "error handlers" | "unknown";

const running = new AsyncLocalStorage<{ request: IncomingMessage; writer: Writer }>();

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
