// Whether a port takes writes: a probe that is written, seen and removed; or the port's own word.
import { describe, expect, it } from "vitest";
import type { AtomicPort } from "./atomic-port.ts";
import { checkPort } from "./check-port.ts";
import { StoreError } from "./errors.ts";
import { type MapPort, manualClock, mapPort } from "./testing.ts";

/** A port that tells which keys are written, and with what end; `refuse` is asked before each call. */
function watchedPort(clock = manualClock(), refuse: (call: number) => void = () => {}) {
  const port: MapPort = mapPort(clock);
  const written: { key: string; endsInMs: number | undefined }[] = [];
  const watched: AtomicPort = {
    ...port,
    async transact(keys, step, options) {
      refuse(written.length);
      return port.transact(
        keys,
        (records, nowMs) => {
          const decided = step(records, nowMs);
          keys.forEach((key, index) => {
            const write = decided.writes?.[index];
            if (write !== undefined)
              written.push({ key, endsInMs: write === null ? undefined : write.endsAtMs - nowMs });
          });
          return decided;
        },
        options,
      );
    },
  };
  return { port, watched, written };
}

describe("checkPort", () => {
  it("writes a new record under the prefix, which ends within seconds, and removes it", async () => {
    const { port, watched, written } = watchedPort();
    await checkPort(watched, undefined, "shop");
    await checkPort(watched);
    const [first, removed, second] = written;
    expect(first).toEqual({ key: expect.stringMatching(/^shop:check:[\w-]{16}$/), endsInMs: 5_000 });
    expect(removed).toEqual({ key: first?.key, endsInMs: undefined });
    expect(second?.key).toMatch(/^tollbooth:check:/);
    expect(second?.key.slice(-16)).not.toBe(first?.key.slice(-16));
    expect(port.records.size).toBe(0);
  });

  it("tells why a write is refused, and makes a foreign error safe", async () => {
    const full = new StoreError("STORE_CAPACITY", "full");
    const refused = watchedPort(undefined, () => {
      throw full;
    });
    await expect(checkPort(refused.watched)).rejects.toBe(full);
    const failing = watchedPort(undefined, () => {
      throw new Error("secret host is down");
    });
    await expect(checkPort(failing.watched)).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      message: expect.not.stringContaining("secret"),
    });
  });

  it("rejects where the record is gone as soon as it was written", async () => {
    const { watched, port } = watchedPort();
    const forgetful: AtomicPort = {
      ...watched,
      transact: (keys, step) =>
        port.transact(keys, (_, now) => ({
          reply: step(
            keys.map(() => null),
            now,
          ).reply,
        })),
    };
    await expect(checkPort(forgetful)).rejects.toMatchObject({ code: "STORE_UNAVAILABLE", message: /lost it/ });
  });

  it("removes the probe for a caller that leaves in between", async () => {
    const leaving = new AbortController();
    const { watched, written, port } = watchedPort(undefined, (call) => {
      if (call === 1) leaving.abort();
    });
    await checkPort(watched, { signal: leaving.signal });
    expect(written).toHaveLength(2);
    expect(port.records.size).toBe(0);
  });

  it("asks a port that has a check of its own, writes nothing then, and makes its error safe", async () => {
    const { watched, written } = watchedPort();
    const keys: string[] = [];
    await checkPort({ ...watched, check: async (key) => void keys.push(key) }, undefined, "shop");
    expect(keys).toEqual([expect.stringMatching(/^shop:check:/)]);
    expect(written).toEqual([]);
    const own: AtomicPort = { ...watched, check: () => Promise.reject(new Error("secret")) };
    await expect(checkPort(own)).rejects.toMatchObject({ code: "STORE_UNAVAILABLE", outcome: "unknown" });
    const gone = new Error("gone");
    const left: AtomicPort = { ...watched, check: (_, options) => Promise.reject(options?.signal?.reason) };
    await expect(checkPort(left, { signal: AbortSignal.abort(gone) })).rejects.toBe(gone);
  });
});
