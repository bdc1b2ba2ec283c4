// The network proxy's faults, each on plain sockets between a client and a server that answers every line.
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { dial, startEcho } from "./echo.test-support.ts";
import { startNetProxy } from "./net-proxy.ts";
import { until } from "./until.ts";

/** Long enough for a byte on the loopback, and never the reason that a test passes alone. */
const A_MOMENT_MS = 80;

function sockets(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === "TCPSocketWrap").length;
}

async function setting() {
  const echo = await startEcho("a");
  const proxy = await startNetProxy(echo);
  onTestFinished(() => proxy.close());
  return { echo, proxy };
}

describe("startNetProxy", () => {
  it("passes bytes and ends both ways, and counts connections", async () => {
    const { echo, proxy } = await setting();
    const [one, other] = [await dial(proxy), await dial(proxy)];
    one.send("1");
    await one.receives("a:1");
    await until(async () => proxy.open() === 2 && echo.sockets.size === 2);
    one.socket.end();
    await one.ends("fin");
    await until(async () => proxy.open() === 1 && echo.sockets.size === 1);
    for (const socket of echo.sockets) socket.end();
    await other.ends("fin");
    await until(async () => proxy.open() === 0);
    expect(proxy.accepted()).toBe(2);
  });

  it("resets a client where the target does not listen", async () => {
    const { proxy } = await setting();
    const nowhere = await startNetProxy();
    await nowhere.close();
    proxy.retarget(nowhere);
    await (await dial(proxy)).ends("rst");
  });

  it("leaves no socket open where a connection is reset while its end is under way", async () => {
    const { echo, proxy } = await setting();
    const before = sockets();
    const client = await dial(proxy);
    await until(async () => echo.sockets.size === 1);
    proxy.hold();
    client.send("1");
    client.socket.end();
    await until(async () => proxy.open() === 0);
    proxy.release();
    proxy.cut("rst");
    await until(async () => sockets() === before, { detail: () => `${before} sockets before, ${sockets()} now` });
  });

  it("freezes established connections for good, though they stay open, and new ones work", async () => {
    const { echo, proxy } = await setting();
    const frozen = await dial(proxy);
    frozen.send("1");
    await frozen.receives("a:1");
    proxy.freeze();
    frozen.send("2");
    for (const socket of echo.sockets) socket.write("unasked");
    const fresh = await dial(proxy);
    fresh.send("3");
    await fresh.receives("a:3");
    await delay(A_MOMENT_MS);
    expect([frozen.received(), frozen.ended(), proxy.open(), echo.sockets.size]).toEqual(["a:1", undefined, 2, 2]);
    // The server does not learn that the client is gone.
    frozen.socket.destroy();
    await until(async () => proxy.open() === 1);
    await delay(A_MOMENT_MS);
    expect(echo.sockets.size).toBe(2);
    proxy.cut();
    await until(async () => echo.sockets.size === 0);
  });

  it("accepts in silence, and connects once it speaks", async () => {
    const { echo, proxy } = await setting();
    const before = await dial(proxy);
    proxy.silence();
    const during = await dial(proxy);
    before.send("1");
    during.send("2");
    await before.receives("a:1");
    await delay(A_MOMENT_MS);
    expect([during.received(), echo.sockets.size, proxy.open()]).toEqual(["", 1, 2]);
    proxy.silence({ established: true });
    before.send("3");
    await delay(A_MOMENT_MS);
    expect(before.received()).toBe("a:1");
    proxy.speak();
    await during.receives("a:2");
    await before.receives("a:1a:3");
  });

  it("never passes on what a client sent in a silence that a cut or a freeze ended", async () => {
    const { echo, proxy } = await setting();
    proxy.silence();
    const [cut, frozen] = [await dial(proxy), await dial(proxy)];
    for (const client of [cut, frozen]) client.send("1");
    await until(async () => proxy.open() === 2);
    proxy.freeze();
    cut.socket.destroy();
    await until(async () => proxy.open() === 1);
    proxy.speak();
    await delay(A_MOMENT_MS);
    expect([echo.sockets.size, frozen.received(), frozen.ended()]).toEqual([0, "", undefined]);
  });

  it("refuses connections, and accepts them on the same port again, while established ones go on", async () => {
    const { proxy } = await setting();
    const before = await dial(proxy);
    before.send("1");
    await before.receives("a:1");
    for (let round = 0; round < 2; round += 1) {
      proxy.refuse();
      await expect(dial(proxy)).rejects.toThrow("ECONNREFUSED");
      await proxy.accept();
      await proxy.accept();
      const after = await dial(proxy);
      after.send("2");
      await after.receives("a:2");
    }
    before.send("3");
    await before.receives("a:1a:3");
  });

  it.each(["fin", "rst"] as const)("cuts connections by %s, on both sides", async (how) => {
    const { echo, proxy } = await setting();
    const client = await dial(proxy);
    await until(async () => echo.sockets.size === 1);
    proxy.cut(how);
    expect(proxy.open()).toBe(0);
    await client.ends(how);
    await until(async () => echo.sockets.size === 0);
    const fresh = await dial(proxy);
    fresh.send("1");
    await fresh.receives("a:1");
  });

  it("holds bytes of all connections back, and passes them on in their order", async () => {
    const { echo, proxy } = await setting();
    const before = await dial(proxy);
    await until(async () => echo.sockets.size === 1);
    proxy.hold();
    const during = await dial(proxy);
    before.send("1");
    during.send("2");
    for (const socket of echo.sockets) socket.write("unasked ");
    await delay(A_MOMENT_MS);
    expect([before.received(), during.received()]).toEqual(["", ""]);
    proxy.release();
    await during.receives("a:2");
    await before.receives("unasked a:1");
  });

  it("delays replies, and none overtakes an earlier one", async () => {
    const { proxy } = await setting();
    const client = await dial(proxy);
    proxy.delay(150);
    const startMs = performance.now();
    client.send("1");
    await delay(30);
    proxy.delay(0);
    client.send("2");
    await client.receives("a:1a:2");
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(149);
  });

  it("sends new connections to another target, and leaves the others where they are", async () => {
    const { proxy } = await setting();
    const before = await dial(proxy);
    before.send("1");
    await before.receives("a:1");
    proxy.retarget(await startEcho("b"));
    const after = await dial(proxy);
    after.send("2");
    before.send("3");
    await after.receives("b:2");
    await before.receives("a:1a:3");
  });

  it("drops one reply and lets later ones through, or cuts its connection", async () => {
    const { proxy } = await setting();
    const [staying, cut] = [await dial(proxy), await dial(proxy)];
    proxy.dropReply({ when: (_, request) => request.includes("lose") });
    staying.send("keep");
    await staying.receives("a:keep");
    staying.send("lose");
    await until(async () => proxy.dropped() === 1);
    staying.send("lose");
    await staying.receives("a:keepa:lose");
    proxy.dropReply({ cut: true });
    cut.send("1");
    await cut.ends("fin");
    expect([cut.received(), proxy.dropped(), proxy.open()]).toEqual(["", 2, 1]);
  });

  it("spares and does not count connections from the addresses it is given", async () => {
    const echo = await startEcho("a");
    const proxy = await startNetProxy(echo, { spares: ["127.0.0.1"] });
    onTestFinished(() => proxy.close());
    const peer = await dial(proxy);
    await until(async () => echo.sockets.size === 1);
    proxy.freeze();
    proxy.cut();
    proxy.silence({ established: true });
    peer.send("1");
    await peer.receives("a:1");
    expect([proxy.accepted(), proxy.open()]).toEqual([0, 0]);
  });
});
