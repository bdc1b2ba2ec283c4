// Who leaves a channel while somebody else is still subscribing to it: over a line that holds the server's answers back.
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { redisCommand } from "@tollbooth-stores/redis-testkit";
import { createClient } from "redis";
import { expect, inject, it, onTestFinished, vi } from "vitest";
import { nodeRedisSubscriber } from "./node-redis-subscriber.ts";

/** A line to the server whose answers are passed on one by one, once it is held. */
async function heldLine(target: { host: string; port: number }) {
  const held: (() => void)[] = [];
  let holding = false;
  const listener = createServer((client) => {
    const server = connect(target.port, target.host);
    client.on("data", (chunk) => server.write(chunk)).on("close", () => server.destroy());
    server.on("data", (chunk) => {
      if (holding) held.push(() => client.write(chunk));
      else client.write(chunk);
    });
    for (const socket of [client, server]) socket.on("error", () => {});
  });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  onTestFinished(() => void listener.close());
  const address = listener.address();
  if (address === null || typeof address === "string") throw new Error("No TCP port was given.");
  return {
    url: `redis://127.0.0.1:${address.port}`,
    hold() {
      holding = true;
    },
    answered: (count: number) => vi.waitFor(() => expect(held).toHaveLength(count)),
    passOn: () => held.shift()?.(),
    release() {
      holding = false;
      for (const pass of held.splice(0)) pass();
    },
  };
}

it("who comes before another has left hears what is said after that", async () => {
  const { single } = inject("redis");
  const line = await heldLine(single);
  const subscriber = nodeRedisSubscriber(createClient({ url: line.url }));
  onTestFinished(() => subscriber.close());
  await subscriber.subscribe("first connection", () => {});
  const channel = `overlapping on ${inject("library")}`;
  const heard: string[] = [];

  line.hold();
  const early = subscriber.subscribe(channel, () => {});
  await line.answered(1);
  const late = subscriber.subscribe(channel, (message) => heard.push(message));
  await line.answered(2);
  line.passOn();
  const leave = await early;
  const left = leave();
  line.release();
  const leaveToo = await late;
  await left;
  expect(await redisCommand(single, "PUBLISH", channel, "hello")).toBe(1);
  await vi.waitFor(() => expect(heard).toEqual(["hello"]));
  await leaveToo();
  expect(await redisCommand(single, "PUBLISH", channel, "anybody?")).toBe(0);
});
