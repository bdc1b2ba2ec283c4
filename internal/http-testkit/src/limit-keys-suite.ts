// What a limit does with each key that an application may name its clients by: oversized, malformed, of another type, or none.
import { createMemoryStores, type RateLimiter, rateLimiter } from "@tollbooth-stores/memory";
import { expect, test } from "vitest";

export interface LimitShop {
  readonly rule: RateLimiter;
  keyOf(): string | undefined | Promise<string | undefined>;
  /** Is called by the handler behind the limit. */
  handled(): void;
  /** Is told each error of the application, which answers it with 500. */
  failed(error: unknown): void;
}

export type AskLimit = () => Promise<Pick<Response, "status" | "headers">>;

/** Registers the tests. `listen` starts an application until the test is over, with one route behind `limit(rule, keyOf)`. */
export function limitKeysSuite(listen: (shop: LimitShop) => Promise<AskLimit>): void {
  const { rateLimits } = createMemoryStores();

  async function askWith(keyOf: LimitShop["keyOf"], times = 1) {
    const rule = rateLimiter(rateLimits, { name: "keys", limit: 1, window: "1m" });
    const [statuses, errors]: [number[], unknown[]] = [[], []];
    const seen = { statuses, errors, taken: 0, runs: 0, headers: new Headers() };
    const ask = await listen({
      rule(...call) {
        seen.taken += 1;
        return rule(...call);
      },
      keyOf,
      handled() {
        seen.runs += 1;
      },
      failed: (error) => seen.errors.push(error),
    });
    for (let time = 0; time < times; time += 1) {
      const { status, headers } = await ask();
      seen.statuses.push(status);
      seen.headers = headers;
    }
    return seen;
  }

  /** As plain JavaScript may return it. */
  const returning = (key: unknown) => (): string | undefined => Object({ key }).key;

  test.each([
    ["missing", undefined],
    ["null", null],
    ["empty", ""],
    ["too long", "x".repeat(1_025)],
  ])("a key that is %s is 400: no handler runs, and nothing is taken", async (_what, key) => {
    expect(await askWith(returning(key))).toMatchObject({ statuses: [400], taken: 0, runs: 0, errors: [] });
  });

  test.each([
    ["control characters", "a\r\nx-made-up: 1\u0000\u001b"],
    ["half a character", "\ud800"],
    ["the separators of stores' keys", "a:{b}:*"],
  ])("a key with %s names one client, and is told in no header", async (_what, key) => {
    const seen = await askWith(returning(key), 2);
    expect(seen).toMatchObject({ statuses: [200, 429], runs: 1, errors: [] });
    expect(seen.headers.get("x-made-up")).toBeNull();
    expect([...seen.headers.values()].filter((value) => value.includes(key))).toEqual([]);
    expect(await askWith(returning(`${key}.`))).toMatchObject({ statuses: [200], runs: 1 });
  });

  test.each([
    ["a number", 7],
    ["a flag", false],
    ["an object", { key: "me" }],
    ["a list", ["me"]],
  ])("a key that is %s is an error for the application: no handler runs, and nothing is taken", async (_what, key) => {
    const errors = [expect.objectContaining({ code: "STORE_CONFIG", message: expect.stringContaining("keyOf") })];
    expect(await askWith(returning(key))).toMatchObject({ statuses: [500], taken: 0, runs: 0, errors });
  });

  test.each([
    ["throws", () => Promise.reject(new Error("No key."))],
    [
      "throws at once",
      () => {
        throw new Error("No key.");
      },
    ],
  ])("where keyOf %s the application hears its error: no handler runs, and nothing is taken", async (_what, keyOf) => {
    const errors = [expect.objectContaining({ message: "No key." })];
    expect(await askWith(keyOf)).toMatchObject({ statuses: [500], taken: 0, runs: 0, errors });
  });
}
