// Spans, made when their work has ended: of payOnce's calls, and of the stores' calls within a trace.
import { SpanStatusCode, type Tracer, trace } from "@opentelemetry/api";
import { answerChannel, operationChannel, paymentChannel } from "@tollbooth-stores/core";
import { hear } from "./hear.ts";
import { attribute } from "./names.ts";

type SpanAttributes = Record<string, string | number>;

/** Returns what ends them. */
export function spans(tracer: Tracer): () => void {
  const span = (name: string, durationMs: number, attributes: SpanAttributes, errorType: string | undefined) => {
    const endTime = Date.now();
    const of = errorType === undefined ? attributes : { ...attributes, [attribute.errorType]: errorType };
    const made = tracer.startSpan(name, { startTime: endTime - durationMs, attributes: of });
    if (errorType !== undefined) made.setStatus({ code: SpanStatusCode.ERROR });
    made.end(endTime);
  };
  const ends = [
    hear(answerChannel, ({ outcome, handle, attempt, durationMs, errorCode }) =>
      span(
        "tollbooth.payment",
        durationMs,
        { [attribute.handle]: handle, [attribute.attempt]: attempt, [attribute.outcome]: outcome },
        errorCode,
      ),
    ),
    hear(paymentChannel, ({ event, handle, attempt }) => {
      const attributes = { [attribute.handle]: handle, [attribute.attempt]: attempt, [attribute.paymentEvent]: event };
      const active = trace.getActiveSpan();
      if (active?.isRecording() === true) active.addEvent("tollbooth.payment.event", attributes);
      // Told by a timer, with no request around it.
      else span("tollbooth.payment.event", 0, attributes, undefined);
    }),
    hear(operationChannel, ({ store, operation, provider, outcome, source, errorCode, durationMs }) => {
      // Without a trace around it a call would be a trace of its own, and there are many.
      if (source !== undefined || trace.getActiveSpan()?.isRecording() !== true) return;
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
  };
}
