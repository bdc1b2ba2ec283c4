// A route to a cluster opens no connection while it closes, and tells when a node's connection is closed.
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { type ConnectionMessage, connectionChannel } from "@tollbooth-stores/core";
import { afterEach, beforeEach, expect, it, onTestFinished, vi } from "vitest";
import { NotSent } from "../redis-port.ts";
import { clusterRoute } from "./cluster-route.ts";
import { deadline, pass, quiet, useTestClock } from "./fake-link.test-support.ts";
import { fakeServers } from "./fake-servers.test-support.ts";
import { keySlot } from "./key-slot.ts";

const seeds = [{ host: "a", port: 1 }];
const allSlots = [[0, 16_383, ["a", 1]]];

beforeEach(useTestClock);
afterEach(() => {
  vi.useRealTimers();
});

it("opens nothing for a redirection that comes after close()", async () => {
  let redirect = (_: Error) => {};
  const servers = fakeServers({
    command: (_, [command]) => {
      if (command === "CLUSTER") return allSlots;
      if (command !== "EVALSHA") return "";
      return new Promise((_, reject) => {
        redirect = reject;
      });
    },
  });
  const options = { library: Promise.resolve(servers.open), connectTimeoutMs: 5_000, provider: "test" };
  const route = clusterRoute({ seeds, access: {} }, options);
  await pass(500);
  const signal = deadline(5_000);
  await route.ready(signal, ["key"]);
  const call = quiet(route.send(["key"], ["EVALSHA"], signal));
  await pass(1);
  const closing = route.close(500);
  await pass(10);
  redirect(new Error(`MOVED ${keySlot("key")} b:2`));
  await pass(3_000);
  await closing;
  await expect(call).rejects.toThrow(NotSent);
  expect(servers.stillOpen()).toEqual([]);
});

it("tells of the search for the nodes as a connection of its own, and that it has ended once they are known", async () => {
  const told: string[] = [];
  const numbers = new Set<unknown>();
  const hear = (message: unknown) => {
    const { event, connection, server = "?" } = message as ConnectionMessage;
    numbers.add(connection);
    told.push(`${server} ${event}`);
  };
  subscribe(connectionChannel, hear);
  onTestFinished(() => void unsubscribe(connectionChannel, hear));
  let isUp = false;
  const servers = fakeServers({
    command: (_, [command]) => (command === "CLUSTER" ? (isUp ? allSlots : new Error("CLUSTERDOWN")) : ""),
  });
  const options = { library: Promise.resolve(servers.open), connectTimeoutMs: 5_000, provider: "test" };
  const route = clusterRoute({ seeds, access: {} }, options);
  await pass(300);
  expect(new Set(told)).toEqual(new Set(["? connecting"]));
  isUp = true;
  await pass(3_000);
  const after = told.slice(told.lastIndexOf("? connecting") + 1);
  expect(after).toEqual(["? closed", "a:1 connecting", "a:1 ready"]);
  expect([...numbers].every((number) => typeof number === "number") && numbers.size).toBe(2);
  await route.close(0);
  expect(told.at(-1)).toBe("a:1 closed");
});
