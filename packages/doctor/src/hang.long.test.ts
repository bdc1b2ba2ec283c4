// A server that answers at first, and hangs in the middle of an examination.
import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { RunningRedis } from "@tollbooth-stores/redis-testkit";
import { expect, it, onTestFinished } from "vitest";
import { doctor, good, started } from "./doctor.test-support.ts";

/** The url of a way to the server, which is frozen before a command with this word reaches it. */
async function freezingAt(word: string, redis: RunningRedis): Promise<string> {
  onTestFinished(() => redis.kill("SIGCONT"));
  let freezing: Promise<void> | undefined;
  const way = createServer((client) => {
    const server = connect(redis.port, redis.host);
    for (const socket of [client, server]) socket.on("error", () => {});
    client.on("close", () => server.destroy());
    server.pipe(client);
    client.on("data", async (words) => {
      if (words.toString("latin1").includes(word)) freezing ??= redis.kill("SIGSTOP");
      await freezing;
      server.write(words);
    });
  }).listen(0, "127.0.0.1");
  onTestFinished(() => void way.close());
  await once(way, "listening");
  const address = way.address();
  return redis.url.replace(/:\d+$/, `:${typeof address === "object" ? address?.port : 0}`);
}

it.each([
  ["DRYRUN", /did not answer ACL DRYRUN within 1000 ms/],
  ["SCAN\r\n$1\r\n0\r\n$5\r\nCOUNT", /did not answer SCAN within 1000 ms/],
  ["LIST", /did not answer [A-Z ]+ within 1000 ms/],
  // The listing of the payments asks for those of one prefix.
  ["MATCH", /did not answer TIME within 1000 ms/],
] as const)("a server that hangs at %j is an error that names the question, and status 2", async (word, reason) => {
  for (const client of ["redis", "ioredis"]) {
    const redis = await started(good);
    const url = await freezingAt(word, redis);
    const { status, out, err } = await doctor(["--url", url, "--client", client, "--json"]);
    expect([status, err]).toEqual([2, ""]);
    const { findings, payments } = JSON.parse(out);
    const of = (check: string) => findings.filter((each: { check: string }) => each.check === check);
    expect(of("reachable")).toMatchObject([{ level: "error", message: expect.stringMatching(reason) }]);
    expect(of("payments")).toMatchObject([{ level: "unknown", message: expect.stringMatching(/See `reachable`/) }]);
    expect(payments).toBeUndefined();
    await redis.kill("SIGCONT");
  }
});
