// Findings about a server that answers no call. The doctor's suites ask real servers.
import { StoreError } from "@tollbooth-stores/core";
import { expect, it } from "vitest";
import type { RedisPort } from "../redis-port.ts";
import { examineRedis } from "./examine-redis.ts";

/** A port to a cluster, each node of which answers every question with an error. */
const portTo = (...errors: readonly Error[]): RedisPort => ({
  name: "fake",
  cluster: true,
  async ready() {},
  evalSha: async () => undefined,
  eval: async () => undefined,
  async *scan() {},
  servers: async () => errors.map((error, at) => ({ name: `node-${at}:6379`, ask: () => Promise.reject(error) })),
  async close() {},
});
const answered = (message: string, cause: Error) => new StoreError("STORE_UNAVAILABLE", message, { cause });

it("leaves unknown what one check could not make out, and goes on with the others", async () => {
  const security = { password: true, tls: undefined };
  Object.defineProperty(security, "tls", {
    get() {
      throw new RangeError("Invalid array length");
    },
  });
  const port = {
    ...portTo(new Error("NOPERM this user has no permissions to run this command")),
    security: () => security,
  };
  const found = await examineRedis(port, { keeps: "money", prefixes: ["tollbooth:rl"] });
  const levels = Object.fromEntries(found.map(({ check, level }) => [check, level]));
  expect(levels).toMatchObject({ reachable: "ok", tls: "unknown", rights: "error", memory: "unknown" });
});

it("tells a node that refuses the login from one that is away, so that waiting is not advised", async () => {
  const port = portTo(
    answered("Check `password`.", new Error("WRONGPASS invalid username-password pair")),
    answered("Try again.", new Error("LOADING Redis is loading the dataset in memory")),
  );
  const found = await examineRedis(port, { keeps: "money", prefixes: ["tollbooth:rl"] });
  expect(found.filter(({ check }) => check === "reachable")).toEqual([
    {
      ...{
        check: "reachable",
        server: "node-0:6379",
        level: "error",
        refused: true,
        topic: "refused",
        mend: "Check `password`.",
      },
      message: expect.stringMatching(/connection is refused.*nothing is sold/),
    },
    {
      ...{ check: "reachable", server: "node-1:6379", level: "error", topic: "no-call", mend: "Try again." },
      message: expect.stringMatching(/takes no call.*nothing is sold/),
    },
  ]);
});
