// instrument: core's telemetry channels as OpenTelemetry metrics and spans, until it is stopped.
import { type MeterProvider, metrics, type TracerProvider } from "@opentelemetry/api";
import { connectionMetrics } from "./connection-metrics.ts";
import { guarded } from "./guarded.ts";
import { scope } from "./names.ts";
import { operationMetrics } from "./operation-metrics.ts";
import { paymentMetrics } from "./payment-metrics.ts";
import { type PaymentSampling, samplePayments } from "./payment-sampling.ts";
import { type RedisSampling, sampleRedis } from "./redis-sampling.ts";
import { type SampleName, sampleOutcomes } from "./sample-outcomes.ts";
import { spans } from "./spans.ts";

/** Where metrics and spans go: providers of OpenTelemetry's SDK, which the application sets up, exports and shuts down. */
export interface InstrumentOptions {
  /** Default: the global one. It must be set before: OpenTelemetry gives a global one that is set later nothing. */
  meterProvider?: MeterProvider | undefined;
  /** Without it no spans are made. `trace.getTracerProvider()` is the global one. */
  tracerProvider?: TracerProvider | undefined;
}

/** The running instrumentation. It hears all stores of the process. Disposing is `stop`. */
export interface Telemetry extends Disposable {
  /**
   * Samples the payments in doubt or owed, at once and then every `everyMs` (default 60,000 ms; `timeoutMs`: 10,000 ms). Throws a
   * RangeError for a time that is no whole number of milliseconds from 1 to 2,147,483,647. Never throws later: a sample that fails or
   * takes too long is counted (`tollbooth.sample.failures`), the values before it stay, and `tollbooth.sample.age` says how
   * old they are. Start one; a second one would overwrite its values. Returns what ends it. Does nothing once stopped.
   */
  samplePayments(sampling: PaymentSampling): () => void;
  /** Samples the Redis servers, with the same rules (default every 15,000 ms; `timeoutMs`: 2,000 ms). */
  sampleRedis(sampling: RedisSampling): () => void;
  /**
   * Ends the samplers, and hears no channel any more. The spans of payments under way end there, without an outcome: call it when they
   * have ended. Idempotent. The providers are the caller's and go on.
   */
  stop(): void;
}

/**
 * Turns core's telemetry into metrics, and into spans where `tracerProvider` is given. Throws only what a provider throws
 * while it makes them. What it throws later is told once to OpenTelemetry's `diag`, and reaches no payment.
 *
 * Call it once, before the stores are made: connections that were made earlier are unknown until their next turn. A second
 * call on the same provider counts everything twice.
 */
export function instrument({ meterProvider, tracerProvider }: InstrumentOptions = {}): Telemetry {
  const meter = (meterProvider ?? metrics.getMeterProvider()).getMeter(scope);
  const outcomes = sampleOutcomes(meter);
  const ends = [operationMetrics(meter), paymentMetrics(meter), connectionMetrics(meter), outcomes.stop];
  if (tracerProvider !== undefined) ends.push(spans(tracerProvider.getTracer(scope)));
  let stopped = false;
  const sampling = (name: SampleName, start: () => () => void): (() => void) => {
    if (stopped) return () => {};
    const endSampling = start();
    outcomes.started(name);
    const end = () => {
      endSampling();
      outcomes.ended(name);
    };
    ends.push(end);
    return end;
  };
  const telemetry: Telemetry = {
    samplePayments: (options) => sampling("payments", () => samplePayments(meter, outcomes, options)),
    sampleRedis: (options) => sampling("redis", () => sampleRedis(meter, outcomes, options)),
    stop() {
      stopped = true;
      for (const end of ends.splice(0)) guarded(end)();
    },
    [Symbol.dispose]: () => telemetry.stop(),
  };
  return telemetry;
}
