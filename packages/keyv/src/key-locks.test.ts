// The locks: one holder, first come first served, no deadlock, nothing left behind.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { keyLocks } from "./key-locks.ts";

const never = new AbortController().signal;
/** Lets everything that can go on go on. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("keyLocks", () => {
  it("lets the next one in when the one before releases, in the order of asking", async () => {
    const locks = keyLocks();
    const order: number[] = [];
    const releases: (() => void)[] = [];
    for (let index = 0; index < 5; index += 1) {
      void locks.acquire(["a"], never).then((release) => {
        order.push(index);
        releases.push(release);
      });
    }
    for (let served = 1; served <= 5; served += 1) {
      await settle();
      expect(order).toEqual([0, 1, 2, 3, 4].slice(0, served));
      releases.shift()?.();
    }
    expect(locks.size).toBe(0);
  });

  it("does not make one key wait for another", async () => {
    const locks = keyLocks();
    await locks.acquire(["a"], never);
    await locks.acquire(["b"], never);
    expect(locks.size).toBe(2);
  });

  it("releases once, however often it is told to", async () => {
    const locks = keyLocks();
    const release = await locks.acquire(["a"], never);
    release();
    await locks.acquire(["a"], never);
    release();
    let entered = false;
    void locks.acquire(["a"], never).then(() => {
      entered = true;
    });
    await settle();
    expect(entered).toBe(false);
  });

  it("never holds a key twice and ends empty, whatever is asked for in whatever order and given up", async () => {
    const sets = fc.array(
      fc.record({
        keys: fc.uniqueArray(fc.constantFrom("a", "b", "c", "d"), { maxLength: 4 }),
        leaves: fc.boolean(),
      }),
      { maxLength: 20 },
    );
    await fc.assert(
      fc.asyncProperty(sets, async (wanted) => {
        const locks = keyLocks();
        const held = new Set<string>();
        const users = wanted.map(async ({ keys, leaves }) => {
          const leaving = new AbortController();
          const acquired = locks.acquire(keys, leaving.signal);
          if (leaves) queueMicrotask(() => leaving.abort(new Error("left")));
          const release = await acquired.catch(() => undefined);
          if (release === undefined) return;
          for (const key of keys) {
            expect(held.has(key)).toBe(false);
            held.add(key);
          }
          await settle();
          for (const key of keys) held.delete(key);
          release();
        });
        await Promise.all(users);
        expect(locks.size).toBe(0);
      }),
      { numRuns: 200 },
    );
  });

  it("rejects one that leaves the queue with its reason, and serves those behind it", async () => {
    const locks = keyLocks();
    const release = await locks.acquire(["a"], never);
    const leaving = new AbortController();
    const reason = new Error("left");
    const gone = locks.acquire(["b", "a"], leaving.signal);
    const behind = locks.acquire(["b"], never);
    await settle();
    leaving.abort(reason);
    await expect(gone).rejects.toBe(reason);
    release();
    (await behind)();
    expect(locks.size).toBe(0);
  });

  it("takes nothing for one that had left before it asked", async () => {
    const locks = keyLocks();
    await expect(locks.acquire(["a"], AbortSignal.abort(new Error("left")))).rejects.toThrow("left");
    expect(locks.size).toBe(0);
  });
});
