// A Keyv 6 adapter on a Map that fails on demand, in ways that a real adapter cannot be made to fail at an exact time.
import { EventEmitter } from "node:events";
import { keyvStorageCapability } from "keyv";

export type Method = "get" | "set" | "delete";

/** The adapter as a test sees it, and the means to make it fail. */
export interface FakeAdapter {
  get(key: string): Promise<unknown>;
  set(key: string, value: unknown, expires?: number): Promise<unknown>;
  delete(key: string): Promise<unknown>;
  clear(): Promise<void>;
  has(key: string): Promise<boolean>;
  on(event: string, listener: (error: unknown) => void): unknown;
  off(event: string, listener: (error: unknown) => void): unknown;
  readonly events: EventEmitter;
  namespace: string | undefined;
  /** The stored values, as if no expiry had passed. */
  readonly values: Map<string, unknown>;
  /** The absolute expiry of each key's last write. */
  readonly expiries: Map<string, number | undefined>;
  /** Every call so far, e.g. "set a". */
  readonly calls: string[];
  /** Runs before each call takes effect: may throw, wait, or replace the call by answering `{ instead }`. */
  fault: (method: Method, key: string) => unknown;
}

export function fakeAdapter(values: Map<string, unknown> = new Map()): FakeAdapter {
  const run = async (method: Method, key: string, effect: () => unknown) => {
    adapter.calls.push(`${method} ${key}`);
    const answer = await adapter.fault(method, key);
    return typeof answer === "object" && answer !== null && "instead" in answer ? answer.instead : effect();
  };
  const events = new EventEmitter();
  const adapter: FakeAdapter & { readonly capabilities: ReturnType<typeof keyvStorageCapability> } = {
    get capabilities() {
      return keyvStorageCapability(adapter);
    },
    get: async (key) => run("get", key, () => values.get(key)),
    set: async (key, value, expires) =>
      run("set", key, () => {
        values.set(key, value);
        adapter.expiries.set(key, expires);
        return true;
      }),
    delete: async (key) => run("delete", key, () => values.delete(key)),
    clear: async () => values.clear(),
    has: async (key) => values.has(key),
    on: (event, listener) => events.on(event, listener),
    off: (event, listener) => events.off(event, listener),
    events,
    namespace: undefined,
    values,
    expiries: new Map(),
    calls: [],
    fault: () => undefined,
  };
  return adapter;
}
