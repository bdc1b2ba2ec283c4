// How connections are described wrongly, or lead to servers that cannot serve; and the test that each must pass.
import type { RedisConnection } from "@tollbooth-stores/redis-protocol";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { ClientProvider } from "./client-provider.ts";
import { connectionScene, type Scene, SLACK_MS } from "./connection-scene.ts";
import { type StoresChild, startStoresChild } from "./stores-child.ts";

/** Stands in passwords of connections, and never in an error. */
export const SECRET = "hunter2-the-secret";

export interface WrongConnection {
  /** The name of the test. */
  name: string;
  /** Starts what the connection leads to. */
  to(scene: Scene): Promise<RedisConnection> | RedisConnection;
  /** All of these are in the message. */
  says: readonly RegExp[];
  /** Waiting does not mend it, so it is said long before the deadline. Default false. */
  atOnce?: boolean;
}

/** The deadline of calls whose error comes at the deadline, and of those whose error comes long before it. */
const SHORT_MS = 1_000;
const LONG_MS = 6_000;
const AT_ONCE_MS = 3_000;

/** Registers a test for each: the call says so within its deadline, nothing is left open, and the process ends. */
export function wrongConnections<Client>(provider: ClientProvider<Client>, cases: readonly WrongConnection[]): void {
  describe(`${provider.name} names the mistake`, () => {
    let child: StoresChild;
    beforeAll(async () => {
      child = startStoresChild(provider);
      // So that no test waits for the library to be loaded.
      await child.open({ host: "127.0.0.1", port: 1 }, { commandTimeoutMs: 10 });
      await child.callAndPing();
      await child.close();
    });
    afterAll(() => child.stop());

    it.each(cases)("$name", async ({ to, says, atOnce = false }) => {
      const connection = await to(connectionScene(provider, onTestFinished));
      // Also where an expectation fails, so that the tests after it find nothing open.
      onTestFinished(async () => void (await child.close()));
      const deadlineMs = atOnce ? LONG_MS : SHORT_MS;
      await child.open(connection, { commandTimeoutMs: deadlineMs, connectTimeoutMs: deadlineMs });
      for (const told of await child.callAndPing()) {
        expect(told).toMatchObject({ code: "STORE_UNAVAILABLE", outcome: "not-applied" });
        for (const words of says) expect(told.message).toMatch(words);
        expect(told.tookMs).toBeLessThan(atOnce ? AT_ONCE_MS : SHORT_MS + SLACK_MS);
        expect(told.shown).not.toContain(SECRET);
      }
      const closed = await child.close();
      expect(closed.code).toBe("ok");
      expect(closed.tookMs).toBeLessThan(1_000);
      expect(await child.openHandles()).toEqual([]);
    });

    it("and the process ends by itself after all of it", async () => {
      const { status, tookMs, warnings } = await child.end();
      expect({ status, warnings }).toEqual({ status: 0, warnings: "" });
      expect(tookMs).toBeLessThan(1_000);
    });
  });
}
