// An OpenTelemetry that throws: the payment goes on, the process lives, and the error is told once.
import { setImmediate } from "node:timers/promises";
import {
  type DiagLogger,
  diag,
  type Meter,
  type MeterProvider,
  type Tracer,
  type TracerProvider,
} from "@opentelemetry/api";
import { TracerProvider as SdkTracerProvider } from "@opentelemetry/sdk-trace";
import { payOnce } from "@tollbooth-stores/core";
import { createMemoryStores } from "@tollbooth-stores/memory";
import { beforeEach, expect, it, onTestFinished, vi } from "vitest";
import { collected } from "./collected.test-support.ts";
import { instrument } from "./instrument.ts";

const broken = () => {
  throw new Error("broken");
};
const told: unknown[] = [];
const uncaught: unknown[] = [];
const silent = () => {};
const logger: DiagLogger = {
  ...{ warn: silent, info: silent, debug: silent, verbose: silent },
  error: (_message, error) => void told.push(error),
};
beforeEach(() => {
  told.length = 0;
  uncaught.length = 0;
  const hear = (error: unknown) => void uncaught.push(error);
  process.on("uncaughtException", hear).on("unhandledRejection", hear);
  diag.setLogger(logger);
  onTestFinished(() => {
    process.off("uncaughtException", hear).off("unhandledRejection", hear);
    diag.disable();
  });
});

/** How a payment ends, and what reached the process meanwhile. */
async function paid() {
  const stores = createMemoryStores();
  const payment = { key: "k", payloadHash: "p", fingerprint: "f", validUntilMs: Date.now() + 60_000 };
  const answer = await payOnce(stores.verifications, payment, {
    verify: async () => ({ ok: true }) as const,
    serve: async () => "served",
    settle: async () => ({ ok: true, receipt: "r" }) as const,
    findSettlement: async () => "unknown" as const,
  });
  await stores.close();
  // Node throws what a subscriber threw in the tick after.
  await setImmediate();
  return [answer.status, uncaught];
}

/** Everything that is made works, and what is recorded throws. */
function brokenMeter(): MeterProvider {
  const meter: Meter = collected().provider.getMeter("test");
  const instruments = {
    createCounter: () => ({ add: (value: number) => (value === 0 ? undefined : broken()) }),
    createHistogram: () => ({ record: broken }),
  };
  return { getMeter: () => Object.assign(Object.create(meter), instruments) };
}

const processor = (more: object) => ({
  ...{ onStart: silent, onEnd: silent, forceFlush: async () => {}, shutdown: async () => {} },
  ...more,
});
const sdk = (more: object) => new SdkTracerProvider({ spanProcessors: [processor(more)] });
const noTracer: TracerProvider = { getTracer: (): Tracer => ({ startSpan: broken, startActiveSpan: broken }) };

it.each<[string, TracerProvider]>([
  ["a tracer", noTracer],
  ["a processor at a span's begin", sdk({ onStart: broken })],
  ["a processor at a span's end", sdk({ onEnd: broken })],
])("%s that throws leaves the payment and the process alone, and is told", async (_, tracerProvider) => {
  using _telemetry = instrument({ meterProvider: collected().provider, tracerProvider });
  expect(await paid()).toEqual(["paid", []]);
  expect(told).toContainEqual(new Error("broken"));
  const before = told.length;
  expect(await paid()).toEqual(["paid", []]);
  expect(told.length, "once for each thing that threw").toBe(before);
});

it("instruments that throw leave the payment and the samplers alone", async () => {
  using telemetry = instrument({ meterProvider: brokenMeter() });
  let asked = 0;
  const unresolved = () => {
    asked += 1;
    throw new Error("no listing");
  };
  telemetry.samplePayments({ store: { unresolved }, everyMs: 1 });
  expect(await paid()).toEqual(["paid", []]);
  await expect.poll(() => asked).toBeGreaterThan(2);
  expect(uncaught).toEqual([]);
  expect(new Set(told.map(String))).toEqual(new Set(["Error: broken"]));
});

it("a logger of diagnostics that throws is no matter either, and stopping goes through all that there is to end", async () => {
  diag.setLogger({ ...logger, error: broken }, { suppressOverrideMessage: true });
  const { provider } = collected();
  const meter = provider.getMeter("test");
  const removed = vi.fn(broken);
  const gauge = { addCallback: silent, removeCallback: removed };
  const createObservableGauge = () => gauge;
  const createObservableUpDownCounter = () => gauge;
  const meters = Object.assign(Object.create(meter), { createObservableGauge, createObservableUpDownCounter });
  const telemetry = instrument({ meterProvider: { getMeter: () => meters }, tracerProvider: noTracer });
  expect(await paid()).toEqual(["paid", []]);
  telemetry.stop();
  expect(removed, "of the connections, and of the samples' age").toHaveBeenCalledTimes(2);
});
