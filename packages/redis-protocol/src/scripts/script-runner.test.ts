// What a script call says of itself where it fails: whether it may have run. And what is sent, together or apart.
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { batchChannel } from "@tollbooth-stores/core";
import { expect, it, onTestFinished } from "vitest";
import type { RedisPort } from "../redis-port.ts";
import { script } from "./script.ts";
import { scriptRunner } from "./script-runner.ts";
import { versionScript } from "./server-version.ts";

const some = script("some", "return answer()");
const call = { keys: ["a"], args: [] };
const other = { keys: ["b"], args: [] };
const never = () => new Promise<never>(() => {});
const unknownScript = async () => {
  throw new Error("NOSCRIPT No matching script. Please use EVAL.");
};

interface Answers {
  /** To the script by its SHA-1. */
  evalSha?: (keys: readonly string[]) => Promise<unknown>;
  eval?: () => Promise<unknown>;
  version?: () => Promise<unknown>;
  isReplica?: boolean;
}

/** A server that knows the script and answers each of its calls, unless `answers` say otherwise. */
function runnerOn(answers: Answers, more: Partial<RedisPort> = {}) {
  const sent: string[] = [];
  const one = (keys: readonly string[]) => keys.map(() => []);
  const port: RedisPort = {
    ...{ name: "fake", cluster: false },
    ready: async () => {},
    async evalSha(_sha1, keys) {
      sent.push(`sha ${keys.join()}`);
      return (answers.evalSha ?? one)(keys);
    },
    async eval(source, keys, [role]) {
      if (source !== versionScript) {
        sent.push(`source ${keys.join()}`);
        return (answers.eval ?? one)(keys);
      }
      sent.push("version");
      if (answers.isReplica === true && role === "role") throw new Error("REPLICA This server is a replica.");
      return answers.version?.() ?? "7.0.0";
    },
    async *scan() {},
    close: async () => {},
    ...more,
  };
  return { sent, runner: scriptRunner(port, { commandTimeoutMs: 25, coalesce: true }) };
}

const connected = { generation: () => 1 };
const turn = () => new Promise<void>((resolve) => setTimeout(resolve, 5));

it.each<[string, Answers, Partial<RedisPort>, "unknown" | "not-applied"]>([
  ["a script after its server was looked at", { evalSha: never }, connected, "unknown"],
  ["a source after NOSCRIPT and the version", { evalSha: unknownScript, eval: never }, {}, "unknown"],
  ["the look at a server", { version: never }, connected, "not-applied"],
  ["the version after NOSCRIPT", { evalSha: unknownScript, version: never }, {}, "not-applied"],
])(
  "where %s is not answered, the outcome says whether the call may have run",
  async (_what, answers, port, outcome) => {
    const { runner } = runnerOn(answers, port);
    for (const way of [() => runner.run(some, [call]), () => runner.ask(some, call)]) {
      await expect(way()).rejects.toMatchObject({ code: "STORE_UNAVAILABLE", outcome });
    }
  },
);

it.each<[string, (late: () => Promise<unknown>) => Answers, Partial<RedisPort>, string]>([
  ["a look at the server", (version) => ({ version }), connected, "version"],
  ["NOSCRIPT", (late) => ({ evalSha: () => late().then(unknownScript) }), {}, "sha a"],
])("after %s that is answered past the deadline nothing more is sent", async (_what, answersOf, port, only) => {
  for (const way of ["run", "ask"]) {
    let answer = () => {};
    const late = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const { sent, runner } = runnerOn(
      answersOf(() => late),
      port,
    );
    const called = way === "run" ? runner.run(some, [call]) : runner.ask(some, call);
    await expect(called).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    answer();
    await turn();
    expect(sent).toEqual([only]);
  }
});

it.each<[string, Answers, Partial<RedisPort>, string[]]>([
  ["of a new connection", {}, connected, ["sha ", "version"]],
  ["that does not know the script", { evalSha: unknownScript }, {}, ["sha ", "version", "source ", "sha a", "version"]],
])(
  "a replica that takes writes, %s, answers a call without a key, and no other",
  async (_which, answers, port, log) => {
    const { sent, runner } = runnerOn({ ...answers, isReplica: true }, port);
    expect(await runner.run(some, [])).toEqual([]);
    await expect(runner.run(some, [call])).rejects.toThrow("replica that takes writes");
    expect(sent).toEqual(log);
  },
);

it("calls of one tick travel together on one server, and apart where their keys are of several slots", async () => {
  const both = ({ runner }: ReturnType<typeof runnerOn>) =>
    Promise.all([runner.ask(some, call), runner.ask(some, other)]);
  const single = runnerOn({});
  await both(single);
  expect(single.sent).toEqual(["sha a,b"]);
  const cluster = runnerOn({}, { cluster: true });
  await both(cluster);
  expect(cluster.sent).toEqual(["sha a", "sha b"]);
});

it.each(["run", "ask"])(
  "a server that refuses keys of several slots, to %s, is sent each by itself from then on",
  async (way) => {
    const server = runnerOn({
      async evalSha(keys) {
        if (keys.length > 1) throw new Error("CROSSSLOT Keys in request don't hash to the same slot");
        return [[]];
      },
    });
    const { sent, runner } = server;
    const ask = () => Promise.all([runner.ask(some, call), runner.ask(some, other)]);
    if (way === "ask") await ask();
    else await expect(runner.run(some, [call, other])).rejects.toMatchObject({ outcome: "not-applied" });
    sent.length = 0;
    await ask();
    expect(sent).toEqual(["sha a", "sha b"]);
  },
);

it("a batch is told with its port and with how long it waited for its connection, and a ping is none", async () => {
  const told: unknown[] = [];
  const hear = (message: unknown) => told.push(message);
  subscribe(batchChannel, hear);
  onTestFinished(() => void unsubscribe(batchChannel, hear));
  const { runner } = runnerOn({}, { ready: turn });
  await runner.run(some, []);
  await runner.run(some, [call]);
  await runner.ask(some, call);
  const waited = { asymmetricMatch: (ms: unknown) => typeof ms === "number" && ms > 3 && ms < 1_000 };
  const batch = { provider: "fake", script: "some", calls: 1, keys: 1, waitedMs: waited };
  expect(told).toEqual([batch, batch]);
});
