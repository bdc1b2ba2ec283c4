// Findings about sentinels: silent ones, ones that the others call down, and too few for a failover.
import { expect, it } from "vitest";
import type { RedisPort } from "../redis-port.ts";
import { examineRedis } from "./examine-redis.ts";

/** What a sentinel answers: to SENTINEL CKQUORUM, and of each other sentinel its port and its flags. An Error: no connection. */
type Sentinel =
  | Error
  | { readonly quorum: string | Error; readonly others: readonly (readonly [number, string])[] | Error };

async function found(...sentinels: readonly Sentinel[]) {
  const nodes = sentinels.map((_, at) => ({ host: "10.0.0.1", port: at + 1 }));
  const port: RedisPort = {
    name: "fake",
    cluster: false,
    async ready() {},
    evalSha: async () => undefined,
    eval: async () => undefined,
    async *scan() {},
    servers: async () => [{ name: "10.0.0.9:6379", ask: () => Promise.reject(new Error("NOPERM no")) }],
    sentinels: () => ({
      name: "mymaster",
      nodes,
      async visit(node) {
        const sentinel = sentinels[node.port - 1];
        if (sentinel === undefined || sentinel instanceof Error) throw sentinel;
        const { quorum, others } = sentinel;
        const ask = async (...words: string[]) => {
          expect(words).toEqual(["SENTINEL", expect.stringMatching(/^(CKQUORUM|SENTINELS)$/), "mymaster"]);
          const answer = words[1] === "CKQUORUM" ? quorum : others;
          if (answer instanceof Error) throw answer;
          if (typeof answer === "string") return answer;
          return answer.map(([at, flags]) => ["name", "x", "ip", "10.0.0.1", "port", String(at), "flags", flags]);
        };
        return { name: `10.0.0.1:${node.port}`, ask, close() {} };
      },
    }),
    async close() {},
  };
  const all = await examineRedis(port, { keeps: "money", prefixes: ["tollbooth:rl"] });
  return all.filter(({ check }) => check === "sentinels").map(({ level, message }) => ({ level, message }));
}

const OK = "OK 3 usable Sentinels. Quorum and failover authorization can be reached";
const up = (...ports: readonly number[]) => ports.map((each) => [each, "sentinel"] as const);
const said = (level: string, message: RegExp) => ({ level, message: expect.stringMatching(message) });

it("says that all is well where each answers, knows no other that is down, and finds enough for a failover", async () => {
  const all = [
    { quorum: OK, others: up(2, 3) },
    { quorum: OK, others: up(1, 3) },
    { quorum: OK, others: up(1, 2) },
  ];
  expect(await found(...all)).toEqual([said("ok", /^3 sentinels answer.*enough/)]);
});

it("names those that do not answer, and those that the others find down, each once", async () => {
  const others = [
    [3, "s_down,sentinel,disconnected"],
    [4, "sentinel,disconnected"],
    [5, "sentinel,master_down"],
  ] as const;
  expect(await found({ quorum: OK, others }, { quorum: OK, others }, new Error("connect ECONNREFUSED"))).toEqual([
    said("warning", /^These sentinels are not reached, from here or by the others: 10\.0\.0\.1:3, 10\.0\.0\.1:4\. /),
  ]);
});

it("says that no failover can happen where one finds too few, also where it cannot be asked for the others", async () => {
  const few = new Error("NOQUORUM 1 usable Sentinels. Not enough available Sentinels to reach the majority");
  expect(await found({ quorum: few, others: new Error("NOPERM no") })).toEqual([
    said("warning", /too few sentinels.*no other server takes its place.*nothing is sold/),
  ]);
});

it("says that nothing is known where none may be asked, or none answers", async () => {
  const refused = new Error("NOPERM this user has no permissions to run the 'sentinel|ckquorum' command");
  expect(await found({ quorum: refused, others: refused })).toEqual([said("unknown", /sentinel\|ckquorum/)]);
  expect(await found(new Error("connect ECONNREFUSED"))).toEqual([
    said("warning", /^This sentinel is not reached, from here or by the others: 10\.0\.0\.1:1\. /),
  ]);
});

it("says nothing of sentinels where the connection names none", async () => {
  expect(await found()).toEqual([]);
});
