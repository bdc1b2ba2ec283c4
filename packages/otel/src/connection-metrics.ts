// Metrics of the connections that the stores open: how many are up and down now, and their turns.
import type { Meter, ObservableCallback } from "@opentelemetry/api";
import { type ConnectionMessage, connectionChannel } from "@tollbooth-stores/core";
import { hear } from "./hear.ts";
import { attribute } from "./names.ts";

interface Connection extends Pick<ConnectionMessage, "provider" | "purpose"> {
  isUp: boolean;
}

/** Whether the connection can be used after this event; undefined where the event does not say. */
const isUpAfter: Partial<Record<ConnectionMessage["event"], boolean>> = {
  connecting: false,
  ready: true,
  reconnected: true,
  lost: false,
  "given-up": false,
};

const serverChanged = { [attribute.connectionEvent]: "server-changed" satisfies ConnectionMessage["event"] };

/** Returns what ends them. */
export function connectionMetrics(meter: Meter): () => void {
  const known = new Map<number, Connection>();
  const turns = meter.createCounter("tollbooth.connection.events", {
    description: "Turns of the stores' own connections.",
    unit: "{event}",
  });
  const count = meter.createObservableUpDownCounter("tollbooth.connection.count", {
    description: "The stores' own connections, by whether they can be used now.",
    unit: "{connection}",
  });
  /** By provider and purpose, for good: OpenTelemetry's SDK goes on exporting the last value that it was given. */
  const kinds = new Map<string, Pick<Connection, "provider" | "purpose">>();
  const observe: ObservableCallback = (result) => {
    for (const { provider, purpose } of kinds.values()) {
      const alike = [...known.values()].filter((each) => each.provider === provider && each.purpose === purpose);
      const up = alike.filter(({ isUp }) => isUp).length;
      const about = aboutOf({ provider, purpose });
      result.observe(up, { ...about, [attribute.connectionState]: "up" });
      result.observe(alike.length - up, { ...about, [attribute.connectionState]: "down" });
    }
  };
  count.addCallback(observe);
  const unsafe = unsafeFindings(meter);
  const end = hear(connectionChannel, (message) => {
    const { event, provider, purpose, connection } = message;
    turns.add(1, { ...aboutOf({ provider, purpose }), [attribute.connectionEvent]: event });
    unsafe.hear(message);
    if (connection === undefined) return;
    // From zero: a counter that begins at one has no increase that an alert could see.
    if (!kinds.has(`${provider} ${purpose}`)) turns.add(0, { ...aboutOf({ provider, purpose }), ...serverChanged });
    kinds.set(`${provider} ${purpose}`, { provider, purpose });
    const isUp = isUpAfter[event];
    if (event === "closed") known.delete(connection);
    // A connection that is up stays in use while another attempt is made beside it.
    else if (isUp !== undefined && !(event === "connecting" && known.has(connection)))
      known.set(connection, { provider, purpose, isUp });
  });
  return () => {
    end();
    unsafe.end();
    count.removeCallback(observe);
  };
}

/** Counts, by provider, the findings with an "unsafe" event and no "safe" event after it. */
function unsafeFindings(meter: Meter): { hear(message: ConnectionMessage): void; end(): void } {
  const byProvider = new Map<string, Set<string>>();
  const gauge = meter.createObservableGauge("tollbooth.unsafe.count", {
    description: "Findings that were told as unsafe, and are not mended.",
    unit: "{finding}",
  });
  const observe: ObservableCallback = (result) => {
    for (const [provider, { size }] of byProvider) result.observe(size, { [attribute.provider]: provider });
  };
  gauge.addCallback(observe);
  return {
    hear({ event, provider, server, reason }) {
      if (event !== "unsafe" && event !== "safe") return;
      const findings = byProvider.get(provider) ?? new Set();
      byProvider.set(provider, findings);
      const finding = JSON.stringify([server, reason]);
      if (event === "unsafe") findings.add(finding);
      else findings.delete(finding);
    },
    end: () => gauge.removeCallback(observe),
  };
}

function aboutOf({ provider, purpose }: Pick<Connection, "provider" | "purpose">): Record<string, string> {
  return { [attribute.provider]: provider, [attribute.purpose]: purpose };
}
