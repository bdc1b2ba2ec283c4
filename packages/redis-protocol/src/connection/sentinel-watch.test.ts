// Sentinels that are behind, and others that are slow: which answers count, and what close() leaves.
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { deadline, pass, quiet, useTestClock } from "./fake-link.test-support.ts";
import { fakeServers } from "./fake-servers.test-support.ts";
import { sentinelWatch } from "./sentinel-watch.ts";

beforeEach(useTestClock);
afterEach(() => {
  vi.useRealTimers();
});

/** Three sentinels; the first one knows nothing of the last failover. */
function oneBehind() {
  let delayMs = 0;
  const servers = fakeServers({
    async command({ port }, [command, subcommand]) {
      if (command !== "SENTINEL") return "";
      if (port !== 1) await new Promise((resolve) => setTimeout(resolve, delayMs));
      if (subcommand === "MASTER") return ["config-epoch", port === 1 ? "3" : "4"];
      return [port === 1 ? "former" : "present", "6379"];
    },
  });
  const switched = vi.fn();
  const sentinels = [1, 2, 3].map((port) => ({ host: "sentinel", port }));
  const watch = sentinelWatch(
    { name: "primary", sentinels, access: {} },
    { library: Promise.resolve(servers.open), connectTimeoutMs: 5_000, provider: "test" },
    { begins() {}, aborted() {}, switched: ({ host }) => switched(host) },
  );
  return {
    servers,
    watch,
    switched,
    slow: (ms: number) => {
      delayMs = ms;
    },
  };
}

it("follows the newest epoch, and no minority that knows less than was known before", async () => {
  const { servers, watch, switched, slow } = oneBehind();
  const found = quiet(watch.find(deadline(5_000)));
  await pass(1_000);
  expect((await found).host).toBe("present");
  slow(400);
  // The first one's connection is lost once. When it listens again, the sentinels are asked what was missed.
  servers.links.find(({ target, isDestroyed }) => target.port === 1 && !isDestroyed())?.destroy();
  await pass(3_000);
  watch.close();
  expect(switched).toHaveBeenCalledWith("present");
  expect(switched).not.toHaveBeenCalledWith("former");
});

it("leaves no connection open after close()", async () => {
  const { servers, watch, slow } = oneBehind();
  await pass(100);
  slow(10_000);
  const searching = quiet(watch.find(deadline(500)));
  await pass(10);
  watch.close();
  await pass(600);
  await expect(searching).rejects.toThrow();
  expect(servers.stillOpen()).toEqual([]);
});
