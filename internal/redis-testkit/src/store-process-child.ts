// The other process of store-process.ts: makes the store that it is told to, runs calls on it, and ends with its parent.
import { deserialize, serialize } from "node:v8";
import { isStoreError } from "@tollbooth-stores/core";
import type { Answer, Question, Recipe } from "./store-process.ts";

let nowMs = 0;
let store: Record<string, (...args: unknown[]) => Promise<unknown>> = {};

async function open({ module, factory, options, skewMs }: Recipe): Promise<void> {
  const realNow = Date.now.bind(Date);
  Date.now = () => realNow() + skewMs;
  const factories: Record<string, (options: unknown) => typeof store> = await import(module);
  const create = factories[factory];
  if (create === undefined) throw new Error(`${module} has no ${factory}.`);
  store = create({ ...options, clock: { now: () => nowMs } });
}

async function run(method: string, args: unknown[]): Promise<unknown> {
  const call = store[method];
  if (call === undefined) throw new Error(`No method ${method}.`);
  return call.apply(store, args);
}

process.on("message", async (question: Question) => {
  const { id, method } = question;
  nowMs = question.nowMs;
  const args = deserialize(question.args);
  const send = (answer: Answer) => process.send?.(answer);
  try {
    const value = await (method === "open" ? open(args[0]) : run(method, args));
    send({ id, value: serialize(value) });
  } catch (error) {
    const { code, message, outcome } = isStoreError(error)
      ? error
      : { code: "STORE_CONFIG" as const, message: String(error), outcome: "unknown" as const };
    send({ id, error: { code, message, outcome } });
  }
});
process.on("disconnect", () => process.exit());
