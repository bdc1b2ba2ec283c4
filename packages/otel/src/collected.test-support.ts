// A meter provider whose metrics a test reads: each point as "name{attribute=value, ...}" and its value.
import { MeterProvider, MetricReader } from "@opentelemetry/sdk-metrics";

class Reader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

export interface Collected {
  provider: MeterProvider;
  /** The value of each point; of a histogram its count and sum. */
  points(): Promise<Record<string, number | [count: number, sum: number]>>;
  /** Every metric that has a point: its name and unit. */
  units(): Promise<Record<string, string>>;
  /** Everything that would be exported, as text. */
  text(): Promise<string>;
}

export function collected(): Collected {
  const reader = new Reader();
  const provider = new MeterProvider({ readers: [reader] });
  const metrics = async () => {
    const { resourceMetrics } = await reader.collect();
    return resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics).filter((each) => each.dataPoints.length > 0);
  };
  return {
    provider,
    async points() {
      const found = (await metrics()).flatMap(({ descriptor, dataPoints }) =>
        dataPoints.map(({ attributes, value }): [string, number | [number, number]] => {
          const shown = Object.entries(attributes).map(([name, of]) => `${name.replace("tollbooth.", "")}=${of}`);
          const point = typeof value === "number" ? value : ([value.count, value.sum ?? 0] as [number, number]);
          return [`${descriptor.name.replace("tollbooth.", "")}{${shown.join(", ")}}`, point];
        }),
      );
      return Object.fromEntries(found);
    },
    units: async () =>
      Object.fromEntries((await metrics()).map(({ descriptor }) => [descriptor.name, descriptor.unit])),
    text: async () => JSON.stringify(await metrics()),
  };
}
