// Which findings are told as "unsafe", and which end as "safe", by the examinations of one connection and of several.
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { connectionChannel } from "@tollbooth-stores/core";
import { expect, it, onTestFinished } from "vitest";
import type { Examined } from "./store-provider.ts";
import { findingReporter } from "./unsafe-findings.ts";

const about = { provider: "ioredis", stores: ["verifications"] } as const;
const reached: Examined = { ...about, check: "reachable", level: "ok", server: "a:1", message: "It answers." };
const evicts: Examined = { ...about, check: "eviction", level: "error", server: "a:1", message: "It evicts." };

/** The findings told from now on, and a reporter that ends with the test. */
function scene() {
  const told: string[] = [];
  const hear = (message: unknown) => {
    const { event, provider, reason } = Object(message);
    told.push(`${event} ${provider} ${reason}`);
  };
  subscribe(connectionChannel, hear);
  onTestFinished(() => void unsubscribe(connectionChannel, hear));
  const { report, close } = findingReporter();
  // Nothing stays open for the next test.
  const fine = (...found: Examined[]) => report(found.map((each) => ({ ...each, level: "ok" })));
  onTestFinished(close);
  return { told, report: (...found: Examined[]) => report(found), fine };
}

it("tells the same words of two providers for each", () => {
  const { told, report, fine } = scene();
  const other = { ...evicts, provider: "node-redis" };
  report(reached, evicts, other);
  expect(told).toEqual(["unsafe ioredis eviction: It evicts.", "unsafe node-redis eviction: It evicts."]);
  fine(evicts, other);
  expect(told).toHaveLength(4);
});

it("ends nothing of a server that is named no more where no server is known to answer", () => {
  const { told, report, fine } = scene();
  report(reached, evicts);
  report({ ...evicts, server: "a:2", level: "ok" });
  expect(told).toHaveLength(1);
  fine(evicts);
  expect(told).toHaveLength(2);
});

it("ends nothing that is of no server where another server answers", () => {
  const { told, report, fine } = scene();
  const { server: _, ...queues } = { ...evicts, check: "client" as const };
  report(reached, queues);
  report(reached);
  expect(told).toHaveLength(1);
  fine(queues);
  expect(told).toHaveLength(2);
});

it("remembers a thousand findings at most, and tells none beyond them, which it could not end", () => {
  const { told, report, fine } = scene();
  const many = Array.from({ length: 1_002 }, (_, at) => ({
    ...evicts,
    topic: `missing: ${at}`,
    message: `Slot ${at}`,
  }));
  report(...many);
  expect(told).toHaveLength(1_000);
  fine(reached, evicts);
  expect(told).toHaveLength(2_000);
  report(reached, evicts);
  expect(told[2_000]).toBe("unsafe ioredis eviction: It evicts.");
  fine(evicts);
});
