// Two requests that a client sends at once on one connection: the second is sold once the first is answered, and not where it leaves before.
import { EventEmitter, once } from "node:events";
import { type AddressInfo, connect } from "node:net";
import { serve } from "@hono/node-server";
import { fakeGate } from "@tollbooth-stores/http-testkit";
import { Hono } from "hono";
import { expect, onTestFinished, test, vi } from "vitest";
import { paid } from "./paid.ts";

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test("a client that leaves before its earlier answer is charged for nothing, and one that stays gets both", async () => {
  const turns = new EventEmitter();
  const gate = fakeGate();
  const app = new Hono();
  const failed = vi.fn();
  app.onError((error, c) => {
    failed(error);
    return c.text("failed", 500);
  });
  app.get("/slow", async (c) => {
    const slow = once(turns, "slow");
    turns.emit("began");
    await slow;
    return c.text("slow");
  });
  app.get("/sold", paid(gate), (c) => c.text("made"));
  const { port } = await new Promise<AddressInfo>((resolve) => {
    const server = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, resolve);
    onTestFinished(() => void server.close());
  });
  const sendTwo = async () => {
    const client = connect(port, "127.0.0.1");
    const began = once(turns, "began");
    const lines = (path: string) => `GET ${path} HTTP/1.1\r\nhost: shop\r\npayment: one\r\n\r\n`;
    client.write(lines("/slow") + lines("/sold"));
    await began;
    await pause(50);
    expect(gate.charged).toEqual([]);
    return client;
  };
  const leaving = await sendTwo();
  leaving.destroy();
  await pause(50);
  turns.emit("slow");
  await pause(20);
  expect(gate.charged).toEqual([]);
  expect(failed).not.toHaveBeenCalled();

  const staying = await sendTwo();
  turns.emit("slow");
  let got = "";
  for await (const part of staying) {
    got += part;
    if (got.includes("made")) break;
  }
  expect(got).toMatch(/slow.*made/s);
  expect(gate.charged).toHaveLength(1);
});
