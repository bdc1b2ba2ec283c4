// Spans of payments and of the stores' calls, in the trace that they belong to, with the payment's handle and never its key.
import { channel } from "node:diagnostics_channel";
import { context, SpanStatusCode, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import {
  InMemorySpanExporter,
  type ReadableSpan,
  SamplingDecision,
  SimpleSpanProcessor,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import { paymentChannel, payOnce } from "@tollbooth-stores/core";
import { createMemoryStores } from "@tollbooth-stores/memory";
import { afterAll, beforeAll, beforeEach, expect, it, onTestFinished } from "vitest";
import { collected } from "./collected.test-support.ts";
import { instrument, type Telemetry } from "./instrument.ts";

beforeAll(() => void context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable()));
afterAll(() => context.disable());

const exporter = new InMemorySpanExporter();
const tracerProvider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
let telemetry: Telemetry;
beforeEach(() => {
  exporter.reset();
  telemetry = instrument({ meterProvider: collected().provider, tracerProvider });
  onTestFinished(() => telemetry.stop());
});

const spans = (name: string) => exporter.getFinishedSpans().filter((span) => span.name === name);
const payment = { key: "secret-key", payloadHash: "secret-payload", fingerprint: "secret-print" };

const msOf = ([seconds, nanos]: readonly [number, number] = [0, 0]) => seconds * 1_000 + nanos / 1_000_000;

/** A payment within a request's span. Returns that span. */
async function requested(settle: () => Promise<{ ok: true; receipt: string }>): Promise<ReadableSpan | undefined> {
  const stores = createMemoryStores();
  const steps = { verify: async () => ({ ok: true }) as const, serve: async () => "secret-result", settle };
  const lookUp = { ...steps, findSettlement: async () => "unknown" as const };
  const request = { ...payment, validUntilMs: Date.now() + 60_000 };
  await tracerProvider.getTracer("test").startActiveSpan("request", async (span) => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    await payOnce(stores.verifications, request, lookUp).catch(() => undefined);
    span.end();
  });
  await stores.close();
  return spans("request")[0];
}

it("a payment is a span of its request's trace, with handle, attempt, outcome and its whole duration", async () => {
  const settle = () =>
    new Promise<{ ok: true; receipt: string }>((resolve) => {
      setTimeout(() => resolve({ ok: true, receipt: "secret-receipt" }), 30);
    });
  const request = await requested(settle);
  const [span] = spans("tollbooth.payment");
  expect(span?.attributes).toEqual({
    "tollbooth.payment.handle": expect.stringMatching(/^[\w-]{43}$/),
    "tollbooth.payment.attempt": 1,
    "tollbooth.outcome": "paid",
  });
  expect(span?.parentSpanContext?.spanId).toBe(request?.spanContext().spanId);
  expect(span?.status.code).toBe(SpanStatusCode.UNSET);
  expect(msOf(span?.duration), "not before the request, and not the request's own").toBeGreaterThan(25);
  expect(msOf(span?.duration)).toBeLessThan(msOf(request?.duration) - 10);
  const claim = spans("tollbooth.verifications.claim")[0];
  expect(claim?.parentSpanContext?.spanId, "the payment's store calls are its children").toBe(
    span?.spanContext().spanId,
  );
  expect(claim?.spanContext().traceId).toBe(request?.spanContext().traceId);
  expect(claim?.attributes).toMatchObject({ "tollbooth.provider": "memory", "tollbooth.outcome": "claimed" });
});

it("doubt is an event of the payment's span, and no span holds a key, payload, result, receipt or error text", async () => {
  await requested(() => Promise.reject(new Error("secret-error")));
  const events = spans("tollbooth.payment")[0]?.events.map(({ name, attributes }) => [
    name,
    attributes?.["tollbooth.payment.event"],
  ]);
  expect(events).toEqual([
    ["tollbooth.payment.event", "in-doubt"],
    ["tollbooth.payment.event", "pending"],
  ]);
  const told = exporter.getFinishedSpans().map(({ name, attributes, events: within, status }) => {
    return JSON.stringify([name, attributes, within, status]);
  });
  expect(told.length).toBeGreaterThan(3);
  expect(told.join()).not.toContain("secret");
});

it("a payment that throws is an error, by its code alone", async () => {
  const stores = createMemoryStores();
  await stores.close();
  const never = () => Promise.reject(new Error("secret-error"));
  const steps = { verify: never, serve: never, settle: never, findSettlement: never };
  await payOnce(stores.verifications, { ...payment, validUntilMs: Date.now() + 60_000 }, steps).catch(() => undefined);
  const [span] = spans("tollbooth.payment");
  expect(span?.attributes["error.type"]).toBe("STORE_CLOSED");
  expect(span?.status).toEqual({ code: SpanStatusCode.ERROR });
});

it("a payment that is under way when it is stopped has its span ended there, without an outcome", async () => {
  let settle = (_: { ok: true; receipt: string }) => {};
  let request: Promise<unknown> = Promise.resolve();
  await new Promise<void>((begun) => {
    request = requested(() => {
      begun();
      return new Promise((resolve) => {
        settle = resolve;
      });
    });
  });
  expect(spans("tollbooth.payment")).toEqual([]);
  telemetry.stop();
  expect(spans("tollbooth.payment").map(({ attributes }) => attributes)).toEqual([
    { "tollbooth.payment.handle": expect.any(String) },
  ]);
  settle({ ok: true, receipt: "r" });
  await request;
  expect(spans("tollbooth.payment")).toHaveLength(1);
});

it("without a context manager the payment is a trace of its own, with its store calls and with no other", async () => {
  context.disable();
  onTestFinished(() => void context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable()));
  await Promise.all([
    requested(async () => ({ ok: true, receipt: "r" })),
    requested(async () => ({ ok: true, receipt: "r" })),
  ]);
  const payments = spans("tollbooth.payment");
  expect(payments.map(({ parentSpanContext }) => parentSpanContext)).toEqual([undefined, undefined]);
  const parents = spans("tollbooth.verifications.claim").map(({ parentSpanContext }) => parentSpanContext?.spanId);
  expect(new Set(parents)).toEqual(new Set(payments.map((payment) => payment.spanContext().spanId)));
});

it("a payment that is not sampled has no store calls among the spans", async () => {
  const { NOT_RECORD, RECORD_AND_SAMPLED } = SamplingDecision;
  const provider = new TracerProvider({
    sampler: {
      shouldSample: (_context, _traceId, name) => ({
        decision: name === "tollbooth.payment" ? NOT_RECORD : RECORD_AND_SAMPLED,
      }),
    },
    spanProcessors: [new SimpleSpanProcessor({ exporter })],
  });
  const unsampled = instrument({ meterProvider: collected().provider, tracerProvider: provider });
  onTestFinished(() => unsampled.stop());
  telemetry.stop();
  await requested(async () => ({ ok: true, receipt: "r" }));
  expect(exporter.getFinishedSpans().map(({ name }) => name)).toEqual(["request"]);
});

it("without a trace around it a store's call is no span, and what a timer tells of a payment is one of its own", async () => {
  const stores = createMemoryStores();
  await stores.sessions.get("none");
  await stores.close();
  expect(exporter.getFinishedSpans()).toEqual([]);
  channel(paymentChannel).publish({ event: "recovered", handle: "h", attempt: 2 });
  expect(spans("tollbooth.payment.event")[0]?.attributes).toEqual({
    "tollbooth.payment.handle": "h",
    "tollbooth.payment.attempt": 2,
    "tollbooth.payment.event": "recovered",
  });
  expect(trace.getActiveSpan()).toBeUndefined();
});
