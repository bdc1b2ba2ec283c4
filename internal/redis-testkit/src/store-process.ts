// A store in another process: what "two instances" means where it counts. Calls go there, answers come back.
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { deserialize, serialize } from "node:v8";
import { type RateLimitStore, StoreError, type StoreErrorCode, type VerificationStore } from "@tollbooth-stores/core";

/** How the other process makes its store. */
export interface StoreRecipe {
  /** A file of the built package, as a URL: what is run is what is published. */
  module: string;
  /** The name of its factory. */
  factory: string;
  /** The factory's options; `clock` is added. Must survive structured cloning. */
  options: Readonly<Record<string, unknown>>;
  /** The instant at which its calls run: told with each. */
  now(): number;
  /** How wrong the other process's own clock is, in milliseconds. */
  skewMs?: number | undefined;
}

/** Between the processes. */
export type Question = { id: number; nowMs: number; method: string; args: Uint8Array };
export type Answer = { id: number } & (
  | { value: Uint8Array }
  | { error: { code: StoreErrorCode; message: string; outcome: "not-applied" | "unknown" } }
);
export type Recipe = Pick<StoreRecipe, "module" | "factory" | "options"> & { skewMs: number };

interface Remote {
  call<R>(method: string, ...args: unknown[]): Promise<R>;
  close(): Promise<void>;
}

async function startRemote({ module, factory, options, now, skewMs = 0 }: StoreRecipe): Promise<Remote> {
  const recipe: Recipe = { module, factory, options, skewMs };
  const child: ChildProcess = fork(fileURLToPath(new URL("./store-process-child.js", import.meta.url)), {
    serialization: "advanced",
    execArgv: [],
  });
  const waiting = new Map<number, { resolve(answer: Answer): void; reject(error: unknown): void }>();
  let last = 0;
  const ended = new Promise<void>((resolve) => {
    child.once("exit", () => {
      for (const { reject } of waiting.values()) reject(new Error("The other process ended."));
      resolve();
    });
  });
  child.on("message", (answer: Answer) => {
    waiting.get(answer.id)?.resolve(answer);
    waiting.delete(answer.id);
  });
  const ask = (method: string, args: readonly unknown[]) =>
    new Promise<Answer>((resolve, reject) => {
      last += 1;
      waiting.set(last, { resolve, reject });
      child.send({ id: last, nowMs: now(), method, args: serialize(args) } satisfies Question);
    });
  const call = async <R>(method: string, ...args: unknown[]): Promise<R> => {
    const answer = await ask(method, args);
    if ("error" in answer) {
      const { code, message, outcome } = answer.error;
      throw new StoreError(code, message, { outcome });
    }
    return deserialize(answer.value);
  };
  await call("open", recipe);
  return {
    call,
    async close() {
      if (child.connected) child.disconnect();
      await ended;
    },
  };
}

/** A rate-limit store in a process of its own; closing it ends the process. Aborting is not passed on. */
export async function rateLimitStoreProcess(recipe: StoreRecipe): Promise<RateLimitStore> {
  const { call, close } = await startRemote(recipe);
  return {
    capabilities: { shared: true, atomic: true, durable: true },
    defaultWindowMs: undefined,
    consume: (check) => call("consume", check),
    consumeAll: (checks) => call("consumeAll", checks),
    peek: (check) => call("peek", check),
    charge: (check) => call("charge", check),
    refund: (check, receipt) => call("refund", check, receipt),
    block: (check, durationMs) => call("block", check, durationMs),
    reset: (check) => call("reset", check),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** A verification store in a process of its own; closing it ends the process. `unresolved` and aborting stay here. */
export async function verificationStoreProcess(recipe: StoreRecipe): Promise<VerificationStore> {
  const { call, close } = await startRemote(recipe);
  return {
    capabilities: { shared: true, atomic: true, durable: true },
    claim: (key, request) => call("claim", key, request),
    renew: (key, lease, leaseMs, { onLeaseExpiry, reference, kept } = {}) =>
      call("renew", key, lease, leaseMs, { onLeaseExpiry, reference, kept }),
    note: (key, lease, evidence) => call("note", key, lease, evidence),
    complete: (key, lease, result) => call("complete", key, lease, result),
    release: (key, lease, { refused } = {}) => call("release", key, lease, { refused }),
    markUnknown: (key, lease, evidence) => call("markUnknown", key, lease, evidence),
    reconcile: (key, request) => call("reconcile", key, request),
    settle: (key, request) => call("settle", key, request),
    deliver: (key, delivery) => call("deliver", key, delivery),
    undeliver: (key, token) => call("undeliver", key, token),
    expire: (key, ending) => call("expire", key, ending),
    markOnce: (key, request) => call("markOnce", key, request),
    peek: (key) => call("peek", key),
    async *unresolved() {},
    wait: (key, { timeoutMs } = {}) => call("wait", key, { timeoutMs }),
    close,
    [Symbol.asyncDispose]: close,
  };
}
