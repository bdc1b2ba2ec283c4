// The stores that a test file runs on, as its lane in vitest.config.ts says: the same tests, on memory and on a Redis by each client.
import { randomUUID } from "node:crypto";
import type { Stores } from "@tollbooth-stores/core";
import { createIoredisStores } from "@tollbooth-stores/ioredis";
import { createMemoryStores } from "@tollbooth-stores/memory";
import { createNodeRedisStores } from "@tollbooth-stores/redis";
import { inject } from "vitest";
import type { SessionData } from "../app.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** A provider, as configurations name it. */
    stores: "memory" | "ioredis" | "redis";
  }
}

const memoryLine = "stores: { provider: memory }";
/** A busy machine's first connection takes its time. */
const commandTimeoutMs = 5_000;
const ownPrefix = () => `test-${randomUUID()}`;

/** New, empty stores that go by `clock`. */
export function newStores(clock: { now(): number }): Stores<SessionData> {
  const provider = inject("stores");
  if (provider === "memory") return createMemoryStores<SessionData>({ clock });
  const { url } = inject("redis").single;
  const options = { connection: { url }, commandTimeoutMs, keyPrefix: ownPrefix(), clock };
  return provider === "redis" ? createNodeRedisStores<SessionData>(options) : createIoredisStores<SessionData>(options);
}

/** A gateway's configuration, on memory as it is written, with new and empty stores of the lane's. */
export function onTheseStores(config: string): string {
  const provider = inject("stores");
  if (provider === "memory") return config;
  const { url } = inject("redis").single;
  const block = `{ url: "${url}", commandTimeoutMs: ${commandTimeoutMs}, keyPrefix: "${ownPrefix()}" }`;
  const replaced = config.replace(/^stores: .*$/m, `stores: { provider: ${provider}, ${provider}: ${block} }`);
  if (replaced === config) throw new Error(`The configuration does not say "${memoryLine}".`);
  return replaced;
}
