// The gateway's log: lines of JSON by pino, one for each request, and one for each event of connections and payments.
import { AsyncLocalStorage } from "node:async_hooks";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import * as core from "@tollbooth-stores/core";
import { problemCode } from "@tollbooth-stores/http";
import type { MiddlewareHandler } from "hono";
import { matchedRoutes } from "hono/route";
import { type Logger, type LoggerOptions, pino, stdTimeFunctions } from "pino";
import { ConfigError } from "./gateway-config.ts";

/** To standard output. Requests are "info", trouble "warn", and "error" takes a person. Throws a ConfigError for another level. */
export function gatewayLog(level = "info", hooks: LoggerOptions["hooks"] = {}): Logger {
  if (!Object.hasOwn({ ...pino.levels.values, silent: true }, level))
    throw new ConfigError("LOG_LEVEL must be one of trace, debug, info, warn, error, fatal, silent.");
  const formatters = { level: (label: string) => ({ level: label }) };
  const out = pino.destination({ dest: 1, maxLength: 67_108_864 });
  // A full disk costs lines, and no payment: pino would throw, and at the exit try again for ever.
  out.on("error", () => Object.assign(out, { flushSync: () => {} }));
  return pino({ level, base: { pid: process.pid }, timestamp: stdTimeFunctions.isoTime, formatters, hooks }, out);
}

/** For libraries that print, such as the x402 SDK. Only the text before the first colon is logged: a secret may follow it. */
export function logConsole(log: Logger): void {
  const print = (said: unknown) => log.warn({ said: String(said).split(":", 1)[0] }, "console");
  Object.assign(console, { debug: print, log: print, info: print, warn: print, error: print });
}

/** Further fields for the log line of the current request. */
const notes = new AsyncLocalStorage<{ payment?: string }>();

/** Logs method, route, status, milliseconds, the payment's handle, and a 5xx's problem code. Never a path, query or header. */
export function requestLog(log: Logger): MiddlewareHandler {
  return async (c, next) => {
    const [startedMs, more] = [performance.now(), {}];
    await notes.run(more, next);
    // The route's pattern: a client's own path may hold a secret.
    const route = matchedRoutes(c).findLast(({ path }) => !path.includes("*"))?.path ?? "none";
    const about = { method: c.req.method, route, status: c.res.status, ms: Math.round(performance.now() - startedMs) };
    const code = c.res.status < 500 ? undefined : await problemCode(c.res);
    log.info({ ...about, ...more, code }, "request");
  };
}

const quiet: readonly string[] = ["connecting", "ready", "closed"];
const alarms: readonly string[] = ["receipt-after-expiry", "delivery-unheard", "second-receipt"];
/** Logs events of connections, equal ones once a second, and of payments. Returns the function that ends it. */
export function logEvents(log: Logger): () => void {
  const lately = new Map<string, number>();
  const onTurn = (message: unknown) => {
    const { provider, purpose, server, event, reason, downMs } = message as core.ConnectionMessage;
    // With a reason, "connecting" says that the attempt before it failed.
    const level = event === "safe" || (quiet.includes(event) && reason === undefined) ? "info" : "warn";
    const about = { event, provider, purpose, server, ...(event.endsWith("safe") && { reason }) };
    const kind = JSON.stringify(about);
    const count = lately.get(kind);
    lately.set(kind, (count ?? 0) + 1);
    if (count !== undefined) return;
    log[level]({ ...about, reason, downMs: downMs && Math.round(downMs) }, "connection");
    setTimeout(() => {
      const more = (lately.get(kind) ?? 1) - 1;
      lately.delete(kind);
      if (more > 0 && event !== "unsafe") log[level]({ ...about, more }, "connection");
    }, 1_000).unref();
  };
  const onPayment = (message: unknown) => {
    const { event, attempt, handle: payment } = message as core.PaymentMessage;
    // Each 503 "ask again" is such an event: too many, and nothing to do.
    if (event !== "pending") log[alarms.includes(event) ? "error" : "warn"]({ event, payment, attempt }, "payment");
  };
  const onAnswer = (message: unknown) =>
    void Object.assign(notes.getStore() ?? {}, { payment: (message as core.AnswerMessage).handle });
  const heard = { [core.connectionChannel]: onTurn, [core.paymentChannel]: onPayment, [core.answerChannel]: onAnswer };
  for (const [channel, hear] of Object.entries(heard)) subscribe(channel, hear);
  return () => Object.entries(heard).forEach(([channel, hear]) => void unsubscribe(channel, hear));
}
