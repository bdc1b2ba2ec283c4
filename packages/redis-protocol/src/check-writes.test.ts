// check() on Redis: one script call for each tag, patient with the first connection, and the server's word in the error.
import { describe, expect, it } from "vitest";
import { checkScript, checkWrites } from "./check-writes.ts";
import type { ScriptReply, ScriptRunner } from "./scripts/script-runner.ts";

type Run = Parameters<ScriptRunner["run"]>;

function runnerThat(answer: (key: string) => ScriptReply) {
  const runs: Run[] = [];
  const runner: Pick<ScriptRunner, "run"> = {
    async run(...run) {
      runs.push(run);
      return run[1].map(({ keys }) => answer(keys[0] ?? ""));
    },
  };
  return { runner, runs };
}
const ok = (): ScriptReply => ({ ok: true, reply: ["ok"] });

describe("checkWrites", () => {
  it("writes to one key without tags, and to one a tag with them, each in a call of its own", async () => {
    const one = runnerThat(ok);
    const signal = AbortSignal.timeout(60_000);
    await checkWrites(one.runner, "shop", { signal, connectTimeoutMs: 7 });
    expect(one.runs).toEqual([[checkScript, [{ keys: ["shop:check:{0}"], args: [] }], { signal }, 7]]);
    const three = runnerThat(ok);
    await checkWrites(three.runner, "shop", { tags: ["a", "b", "c"] });
    expect(three.runs.map(([, calls]) => calls.map(({ keys }) => keys))).toEqual([
      [["shop:check:{a}"]],
      [["shop:check:{b}"]],
      [["shop:check:{c}"]],
    ]);
  });

  it.each([
    ["READONLY", /read-only replica/],
    ["REPLICA", /takes writes/],
    ["OOM", /maxmemory/],
    ["NOREPLICAS", /too few replicas/],
    ["MISCONF", /cannot persist/],
    ["NOPERM", /ACL/],
  ])("says why one of several primaries refuses: %s", async (word, why) => {
    const { runner } = runnerThat((key) => (key.includes("{b}") ? { ok: false, word } : ok()));
    await expect(checkWrites(runner, "shop", { tags: ["a", "b"] })).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      message: expect.stringMatching(why),
    });
  });
});
