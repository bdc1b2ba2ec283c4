// The channel for connections: one message an event, as the provider built it.
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { expect, it } from "vitest";
import {
  areConnectionsObserved,
  type ConnectionMessage,
  connectionChannel,
  hearConnections,
  publishConnection,
} from "./telemetry.ts";

it("publishes a connection's events to those who subscribed, under the channel's public name", () => {
  const heard: unknown[] = [];
  const hear = (message: unknown) => void heard.push(message);
  const message: ConnectionMessage = {
    provider: "ioredis",
    purpose: "commands",
    server: "127.0.0.1:6379",
    event: "server-changed",
    before: { runId: "a", replicationId: "r", version: "7.2.0", role: "master" },
    after: { runId: "b", replicationId: "r", version: "7.2.0", role: "master" },
    downMs: 12,
  };
  publishConnection(message);
  subscribe(connectionChannel, hear);
  publishConnection(message);
  unsubscribe(connectionChannel, hear);
  publishConnection({ ...message, event: "lost" });
  expect(connectionChannel).toBe("tollbooth-stores:connection");
  expect(heard).toEqual([message]);
});

it("tells what hears connections beside the channel, which has no subscriber by that", () => {
  const heard: unknown[] = [];
  const message: ConnectionMessage = { provider: "ioredis", purpose: "commands", event: "reconnected" };
  const end = hearConnections((each) => void heard.push(each));
  expect(areConnectionsObserved()).toBe(false);
  publishConnection(message);
  end();
  publishConnection(message);
  expect(heard).toEqual([message]);
});
