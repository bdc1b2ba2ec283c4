// What travels together, and that callers stay independent of one another.
import { describe, expect, it } from "vitest";
import { type TickBatchesOptions, tickBatches } from "./tick-batches.ts";

type Options = TickBatchesOptions<string, number, string>;

/** Batches that answer each call with its number, and a log of what each batch held. */
function echoing(options: Partial<Options> = {}) {
  const sent: string[] = [];
  const ask = tickBatches<string, number, string>({
    ...{ coalesce: true, mostKeys: 3, mostCalls: 5 },
    isSame: (one, other) => one === other,
    async send(group, _, live) {
      await Promise.resolve();
      const callers = [...live().values()].flat();
      sent.push(`${group}: ${callers.map(({ call }) => call).join(" ")}`);
      for (const { call, resolve } of callers) resolve(String(call));
    },
    ...options,
  });
  return { ask, sent };
}

describe("tickBatches", () => {
  it("sends the calls of one tick together, by group, and those that their replies bring with the next tick", async () => {
    const { ask, sent } = echoing();
    const chain = async (call: number) => {
      await ask("a", `key ${call}`, call, undefined);
      return ask("a", `key ${call}`, call * 10, undefined);
    };
    expect(await Promise.all([chain(1), chain(2), ask("b", "key", 3, undefined)])).toEqual(["10", "20", "3"]);
    expect(sent).toEqual(["a: 1 2", "b: 3", "a: 10 20"]);
  });

  it("sends a batch as soon as it has as many keys, or as many calls, as it may", async () => {
    const { ask, sent } = echoing();
    await Promise.all([1, 2, 3, 4].map((call) => ask("a", `key ${call}`, call, undefined)));
    await Promise.all([1, 2, 3, 4, 5, 6].map((call) => ask("a", "key", call, undefined)));
    expect(sent).toEqual(["a: 1 2 3", "a: 4", "a: 1 2 3 4 5", "a: 6"]);
  });

  it("lets a large call travel alone, and sends key by key what a server refuses for its keys", async () => {
    const sized = echoing({ mostKeys: 9, sizeOf: (call) => call });
    await Promise.all([1, 2, 9, 1].map((call, index) => sized.ask("a", `key ${index}`, call, undefined)));
    expect(sized.sent).toEqual(["a: 1 2", "a: 9", "a: 1"]);

    const sent: number[] = [];
    const { ask } = echoing({
      splits: (error) => error === "crossed",
      async send(_, __, live) {
        sent.push(live().size);
        if (live().size > 1) throw "crossed";
        for (const callers of live().values()) for (const { call, resolve } of callers) resolve(String(call));
      },
    });
    expect(await Promise.all([1, 2].map((call) => ask("a", `key ${call}`, call, undefined)))).toEqual(["1", "2"]);
    expect(sent).toEqual([2, 1, 1]);
  });

  it("spreads many full batches over turns of the event loop; their deadlines count from their calls", async () => {
    let turn = 0;
    const sent: [keys: number, turn: number, waits: boolean][] = [];
    const startedAtMs = performance.now();
    const { ask } = echoing({
      ...{ mostKeys: 32, mostCalls: 32 },
      async send(_, all, live, sinceMs) {
        sent.push([all.size, turn, sinceMs !== undefined]);
        if (sinceMs !== undefined) expect(sinceMs - startedAtMs).toBeLessThan(performance.now() - startedAtMs);
        for (const callers of live().values()) for (const { call, resolve } of callers) resolve(String(call));
      },
    });
    const nextTurn = () => {
      turn += 1;
      if (turn < 5) setImmediate(nextTurn);
    };
    const answers = Promise.all(Array.from({ length: 170 }, (_, call) => ask("a", `key ${call}`, call, undefined)));
    setImmediate(nextTurn);
    expect(await answers).toHaveLength(170);
    expect(sent).toEqual([
      [32, 0, false],
      [32, 0, false],
      [32, 0, true],
      [32, 0, true],
      [32, 1, true],
      [10, 1, true],
    ]);
  });

  it("sends each call alone, at once, where it does not coalesce", async () => {
    const { ask, sent } = echoing({ coalesce: false });
    await Promise.all([ask("a", "key", 1, undefined), ask("a", "key", 2, undefined)]);
    expect(sent).toEqual(["a: 1", "a: 2"]);
  });

  it("leaves an aborted call out, rejects it with its reason, and answers the others", async () => {
    const { ask, sent } = echoing();
    const [before, during] = [new AbortController(), new AbortController()];
    const asked = [
      ask("a", "key 1", 1, { signal: before.signal }),
      ask("a", "key 1", 2, undefined),
      ask("a", "key 2", 3, { signal: during.signal }),
    ];
    before.abort("gave up");
    const outcomes = Promise.allSettled(asked);
    during.abort("gave up too");
    expect(await outcomes).toEqual([
      { status: "rejected", reason: "gave up" },
      { status: "fulfilled", value: "2" },
      { status: "rejected", reason: "gave up too" },
    ]);
    expect(sent).toEqual(["a: 2"]);
  });

  it("rejects what is not settled where sending fails, and nothing else", async () => {
    const failure = new Error("no connection");
    const { ask } = echoing({
      async send(_, all) {
        const [first] = [...all.values()].flat();
        first?.resolve("first");
        throw failure;
      },
    });
    const outcomes = await Promise.allSettled([ask("a", "key 1", 1, undefined), ask("a", "key 2", 2, undefined)]);
    expect(outcomes).toEqual([
      { status: "fulfilled", value: "first" },
      { status: "rejected", reason: failure },
    ]);
  });
});
