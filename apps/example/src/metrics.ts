// The gateway's metrics: the stores' telemetry through OpenTelemetry's SDK, as a page for Prometheus.
import { PrometheusExporter, PrometheusSerializer } from "@opentelemetry/exporter-prometheus";
import { MeterProvider } from "@opentelemetry/sdk-metrics";
import type { LoadedStores } from "@tollbooth-stores/config";
import { instrument } from "@tollbooth-stores/otel";
import type { AppHandler } from "./listen.ts";

export interface Metrics {
  /** Samples the payments in doubt and the Redis behind the stores, now and every 15 seconds. */
  sample(stores: LoadedStores): void;
  page: AppHandler;
  stop(): Promise<void>;
}

/** Counts from now on: call it before the stores are opened. */
export function openMetrics(): Metrics {
  const reader = new PrometheusExporter({ preventServerStart: true });
  const meterProvider = new MeterProvider({ readers: [reader] });
  const telemetry = instrument({ meterProvider });
  const serializer = new PrometheusSerializer(undefined, false, undefined, false, true);
  return {
    sample({ verifications, servers }) {
      telemetry.samplePayments({ store: verifications, everyMs: 15_000 });
      telemetry.sampleRedis({ servers });
    },
    async page(request) {
      if (new URL(request.url).pathname !== "/metrics") return new Response("GET /metrics\n", { status: 404 });
      const headers = { "content-type": "text/plain; version=0.0.4; charset=utf-8" };
      return new Response(serializer.serialize((await reader.collect()).resourceMetrics), { headers });
    },
    async stop() {
      telemetry.stop();
      await meterProvider.shutdown();
    },
  };
}
