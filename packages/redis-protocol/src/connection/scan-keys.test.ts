// A listing over one server and over a cluster: every page, and an error at the end where it may not be all.
import { describe, expect, it } from "vitest";
import { type AskServer, scanCluster, scanServer } from "./scan-keys.ts";

/** A primary with some keys, two a page; `slots` as CLUSTER NODES lists them, or an error. */
function primary(keys: readonly string[], slots: string | Error): { ask: AskServer; asked: string[][] } {
  const asked: string[][] = [];
  const ask: AskServer = async (...words) => {
    asked.push(words);
    if (words[1] === "SLOTS") return [[0, 16_383, ["a", 1, "id1"]]];
    if (words[0] === "CLUSTER") {
      if (slots instanceof Error) throw slots;
      return `id1 a:1@2 master - 0 0 1 connected 0-1\nid2 b:1@2 myself,master - 0 0 1 connected ${slots}\n`;
    }
    const at = Number(words[1]);
    const next = at + 2 >= keys.length ? 0 : at + 2;
    return [String(next), keys.slice(at, at + 2)];
  };
  return { ask, asked };
}

async function all(pages: AsyncIterable<readonly string[]>): Promise<{ keys: string[]; error: unknown }> {
  const keys: string[] = [];
  try {
    for await (const page of pages) keys.push(...page);
    return { keys, error: undefined };
  } catch (error) {
    return { keys, error };
  }
}

const incomplete = { code: "STORE_UNAVAILABLE", message: expect.stringContaining("incomplete") };

describe("scanServer", () => {
  it("goes on until the cursor is 0, over empty pages too", async () => {
    const replies = [
      ["7", []],
      ["9", ["a"]],
      ["0", ["b"]],
    ];
    const asked: string[][] = [];
    const ask: AskServer = async (...words) => {
      asked.push(words);
      return replies.shift();
    };
    const pages: (readonly string[])[] = [];
    for await (const page of scanServer(ask, "p:*")) pages.push(page);
    expect(pages).toEqual([[], ["a"], ["b"]]);
    expect(asked.map(([command, cursor, , pattern]) => [command, cursor, pattern])).toEqual([
      ["SCAN", "0", "p:*"],
      ["SCAN", "7", "p:*"],
      ["SCAN", "9", "p:*"],
    ]);
  });
});

describe("scanCluster", () => {
  it("lists every primary", async () => {
    const [one, two] = [primary(["a", "b", "c"], "0-8191"), primary(["d"], "8192-16383")];
    expect(await all(scanCluster(async () => [one.ask, two.ask], "*"))).toEqual({
      keys: ["a", "b", "c", "d"],
      error: undefined,
    });
  });

  it("counts single slots and ranges alike", async () => {
    const [one, two] = [primary(["a"], "0 2-8191"), primary(["b"], "1 8192-16383")];
    expect((await all(scanCluster(async () => [one.ask, two.ask], "*"))).error).toBeUndefined();
  });

  it("does without knowing the slots where the user may not ask for them", async () => {
    const refused = primary(["a"], new Error("NOPERM this user has no permissions"));
    expect(await all(scanCluster(async () => [refused.ask], "*"))).toEqual({ keys: ["a"], error: undefined });
  });

  it.each([
    ["a slot has no owner", ["0-8191"]],
    ["a slot is leaving", ["0-8191", "8192-16383 [100->-id1]"]],
    ["a slot is arriving", ["0-8191 [9000-<-id2]", "8192-16383"]],
  ])("gives what there is, and then says that it is incomplete, where %s", async (_, slots) => {
    const primaries = slots.map((ranges, index) => primary([`key ${index}`], ranges).ask);
    const { keys, error } = await all(scanCluster(async () => primaries, "*"));
    expect(keys).toEqual(slots.map((_, index) => `key ${index}`));
    expect(error).toMatchObject(incomplete);
  });

  it("says that it is incomplete where slots changed their owner meanwhile", async () => {
    const turns = [
      ["0-8191", "8192-16383"],
      ["0-8191", "8192-16383"],
      ["0-8192", "8193-16383"],
    ];
    let turn = -1;
    const primaries = async () => {
      turn += 1;
      return (turns[Math.min(turn, 2)] ?? []).map((ranges) => primary(["a"], ranges).ask);
    };
    expect((await all(scanCluster(primaries, "*"))).error).toMatchObject(incomplete);
  });

  it("says that it is incomplete where a primary that is known at the end was not listed", async () => {
    const [one, two] = [primary(["a"], "0-8191"), primary(["b"], "8192-16383")];
    let turn = 0;
    const primaries = async () => {
      turn += 1;
      return turn < 3 ? [one.ask] : [one.ask, two.ask];
    };
    expect((await all(scanCluster(primaries, "*"))).error).toMatchObject(incomplete);
  });

  it("lists what the others hold, and then says that it is incomplete, where one primary does not answer", async () => {
    const [one, three] = [primary(["a"], "0-5000"), primary(["c"], "10000-16383")];
    const dead: AskServer = () => Promise.reject(Object.assign(new Error("connect"), { code: "ECONNREFUSED" }));
    const { keys, error } = await all(scanCluster(async () => [one.ask, dead, three.ask], "*"));
    expect(keys).toEqual(["a", "c"]);
    expect(error).toMatchObject(incomplete);
  });
});
