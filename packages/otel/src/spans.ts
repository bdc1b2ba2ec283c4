// Spans of payOnce's calls, and of the stores' calls in them or in another trace.
import { AsyncLocalStorage } from "node:async_hooks";
import { channel } from "node:diagnostics_channel";
import { type Context, context, type Span, SpanStatusCode, TraceFlags, type Tracer, trace } from "@opentelemetry/api";
import {
  answerChannel,
  operationChannel,
  type PayOnceMessage,
  paymentChannel,
  payOnceChannel,
} from "@tollbooth-stores/core";
import { guarded } from "./guarded.ts";
import { hear } from "./hear.ts";
import { attribute } from "./names.ts";

type SpanAttributes = Record<string, string | number>;

/** One call of payOnce. */
interface Call {
  readonly span: Span;
  /** The caller's context, with the call's span. */
  readonly within: Context;
}

/** Returns what ends them, with the spans of calls that are under way. */
export function spans(tracer: Tracer): () => void {
  // Of its own, because the application's context manager cannot be entered from a channel, and there may be none.
  const calls = new AsyncLocalStorage<Call>();
  const open = new Set<Span>();
  const parent = (): Context => calls.getStore()?.within ?? context.active();
  /** A span of what has ended now. */
  const span = (name: string, durationMs: number, attributes: SpanAttributes, errorType: string | undefined) => {
    const endTime = Date.now();
    const made = tracer.startSpan(name, { startTime: endTime - durationMs, attributes }, parent());
    if (errorType !== undefined) markError(made, errorType);
    made.end(endTime);
  };
  const payOnceCalls = channel(payOnceChannel);
  // Core alone publishes on this channel.
  const begin = guarded((message: unknown): Call => {
    const { handle } = message as PayOnceMessage;
    const within = context.active();
    const begun = tracer.startSpan("tollbooth.payment", { attributes: { [attribute.handle]: handle } }, within);
    open.add(begun);
    return { span: begun, within: trace.setSpan(within, begun) };
  });
  payOnceCalls.bindStore(calls, begin);
  const ends = [
    () => void payOnceCalls.unbindStore(calls),
    hear(answerChannel, ({ outcome, attempt, errorCode }) => {
      // None where the call began before these spans.
      const ended = calls.getStore()?.span;
      if (ended === undefined) return;
      ended.setAttributes({ [attribute.attempt]: attempt, [attribute.outcome]: outcome });
      if (errorCode !== undefined) markError(ended, errorCode);
      open.delete(ended);
      ended.end();
    }),
    hear(paymentChannel, ({ event, handle, attempt }) => {
      const attributes = { [attribute.handle]: handle, [attribute.attempt]: attempt, [attribute.paymentEvent]: event };
      // The call's span may have ended, and the caller's may still be open.
      const recording = [calls.getStore()?.span, trace.getActiveSpan()].find((one) => one?.isRecording() === true);
      if (recording !== undefined) recording.addEvent("tollbooth.payment.event", attributes);
      // Told by a timer, with no request around it.
      else span("tollbooth.payment.event", 0, attributes, undefined);
    }),
    hear(operationChannel, ({ store, operation, provider, outcome, source, errorCode, durationMs }) => {
      // Without a trace around it a call would be a trace of its own, and there are many.
      if (source !== undefined || !isSampled(trace.getSpan(parent()))) return;
      span(
        `tollbooth.${store}.${operation}`,
        durationMs,
        {
          [attribute.store]: store,
          [attribute.operation]: operation,
          [attribute.provider]: provider,
          [attribute.outcome]: outcome,
        },
        errorCode,
      );
    }),
  ];
  return () => {
    for (const end of ends) end();
    // How they end is heard no more, so they have no outcome.
    for (const span of open) guarded(() => span.end())();
    open.clear();
  };
}

/** Not by isRecording: a call's span may have ended before the last of its store's calls. */
function isSampled(span: Span | undefined): boolean {
  return span !== undefined && (span.spanContext().traceFlags & TraceFlags.SAMPLED) !== 0;
}

function markError(span: Span, errorType: string): void {
  span.setAttribute(attribute.errorType, errorType);
  span.setStatus({ code: SpanStatusCode.ERROR });
}
