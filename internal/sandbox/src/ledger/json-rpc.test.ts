// What JSON-RPC 2.0 asks of a body, and the answers' form.
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { answerRpc, RpcError, type RpcMethods } from "./json-rpc.ts";

const methods: RpcMethods = new Map<string, (params: readonly unknown[]) => string | null>([
  ["echo", (params) => z.tuple([z.string()]).parse(params)[0]],
  ["nothing", () => null],
  [
    "revert",
    () => {
      throw new RpcError(3, "reverted");
    },
  ],
  [
    "bug",
    () => {
      throw new Error("a bug");
    },
  ],
]);
const post = (body: unknown) => answerRpc(JSON.stringify(body), methods, (work) => work());
const echo = { jsonrpc: "2.0", id: 7, method: "echo", params: ["tea"] };
const refused = (id: unknown, code: number) => ({ jsonrpc: "2.0", id, error: { code, message: expect.any(String) } });

describe("a body of JSON-RPC", () => {
  test("is answered under its id, null too", async () => {
    expect(await post(echo)).toEqual({ jsonrpc: "2.0", id: 7, result: "tea" });
    expect(await post({ ...echo, id: "seven" })).toEqual({ jsonrpc: "2.0", id: "seven", result: "tea" });
    expect(await post({ jsonrpc: "2.0", id: null, method: "nothing" })).toEqual({
      ...{ jsonrpc: "2.0", id: null, result: null },
    });
  });

  test("may be a batch, each call of which has its own answer, in order", async () => {
    expect(await post([{ ...echo, id: 1, method: "no_such" }, 7, echo])).toEqual([
      refused(1, -32_601),
      refused(null, -32_600),
      { jsonrpc: "2.0", id: 7, result: "tea" },
    ]);
  });

  test.each([
    ["has no id", { jsonrpc: "2.0", method: "echo", params: ["tea"] }],
    ["has an object for an id", { ...echo, id: {} }],
    ["is of JSON-RPC 1.0", { id: 1, method: "echo", params: ["tea"] }],
    ["names its parameters", { ...echo, params: {} }],
    ["is an empty batch", []],
    ["is a number", 7],
  ])("that %s is refused", async (_, body) => {
    expect(await post(body)).toEqual(refused(null, -32_600));
  });

  test("that is no JSON is refused", async () => {
    expect(await answerRpc("{", methods, (work) => work())).toEqual(refused(null, -32_700));
  });

  test("is told of wrong parameters, and of a method's own refusal, but not of a bug", async () => {
    expect(await post({ ...echo, params: [7] })).toEqual(refused(7, -32_602));
    expect(await post({ ...echo, method: "revert" })).toEqual({
      ...refused(7, 3),
      error: { code: 3, message: "reverted" },
    });
    await expect(post({ ...echo, method: "bug" })).rejects.toThrow("a bug");
  });

  test("has no answer at all where one of its answers is to be lost", async () => {
    let calls = 0;
    const loseSecond = async (work: () => Promise<object>) => {
      calls += 1;
      return calls === 2 ? undefined : work();
    };
    expect(await answerRpc(JSON.stringify([echo, echo, echo]), methods, loseSecond)).toBeUndefined();
    expect(calls).toBe(3);
  });
});
