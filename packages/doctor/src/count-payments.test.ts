// The count of unresolved payments: complete, or the reason why it is not.
import { StoreError, type Unresolved } from "@tollbooth-stores/core";
import { expect, it, onTestFinished, vi } from "vitest";
import { countPayments as count } from "./count-payments.ts";

const countPayments = (stores: Parameters<typeof count>[0]) => count(stores, { mayBeElsewhere: true });

const payment = (kind: Unresolved["kind"], atMs: number): Unresolved => ({
  ...{ handle: "h", fingerprint: "f", kind, attempt: 1, atMs },
});

type Stores = Parameters<typeof countPayments>[0];

const of = (store: string) => ({ provider: "redis", shared: true, settings: { keyPrefix: `shop:${store}` } });
const described = { rateLimits: of("rl"), sessions: of("sess"), verifications: of("verify") };

/** Answers the question of a server's keys, page by page. */
type Scan = (...words: string[]) => Promise<unknown>;

/** Stores on a server of so many keys. */
const storesWith = (
  unresolved: Stores["verifications"]["unresolved"],
  keys: unknown = 10,
  scan: Scan = async () => ["0", []],
): Stores => ({
  verifications: { unresolved },
  servers: async () => [{ name: "a:1", ask: async (...words) => (words[0] === "SCAN" ? scan(...words) : keys) }],
  describe: () => ({ ...described, dialect: "tollbooth-stores", warnings: [] }),
});

/** A listing of so many pages, each of which comes in time, and then these payments. */
const pages = (count: number, ...found: Unresolved[]): Stores["verifications"]["unresolved"] =>
  async function* ({ signal } = {}) {
    for (let page = 0; page < count; page += 1) {
      await new Promise((resolve) => setTimeout(resolve, 400));
      signal?.throwIfAborted();
    }
    yield* found;
  };

function steppedClock() {
  vi.useFakeTimers({ now: 1_000_000 });
  onTestFinished(() => void vi.useRealTimers());
}

it("takes as long as a large keyspace does", async () => {
  steppedClock();
  const found = [payment("in-doubt", 1_270_000), payment("owed", 1_275_000)];
  const counting = countPayments(storesWith(pages(700, ...found), 350_000));
  await vi.advanceTimersByTimeAsync(280_000);
  expect(await counting).toEqual({ counts: { inDoubt: 1, owed: 1, oldestMs: 10_000, unreadable: 0 } });
});

it("takes a payment that is owed for a key of the stores, on a server of any number of keys", async () => {
  const owed = payment("owed", Date.now() + 60_000);
  const slow = pages(1, owed);
  steppedClock();
  // More milliseconds than a timer takes.
  const counting = countPayments(storesWith(slow, 3_000_000_000));
  await vi.advanceTimersByTimeAsync(400);
  expect(await counting).toEqual({ counts: { inDoubt: 0, owed: 1, oldestMs: 0, unreadable: 0 } });
});

it.each([
  [10_000, 30],
  // A user without DBSIZE.
  ["NOPERM", 600],
])("gives up a listing that does not end: of %j keys after %i s", async (keys, seconds) => {
  steppedClock();
  const counting = countPayments(storesWith(pages(Number.POSITIVE_INFINITY), keys));
  await vi.advanceTimersByTimeAsync(seconds * 1_000 + 400);
  expect(await counting).toEqual({ failure: expect.stringContaining(`took more than ${seconds} s`) });
});

it("says why the list would be incomplete, in the store's words, and hides no bug", async () => {
  const failing = (error: Error) =>
    countPayments(
      storesWith(async function* () {
        yield payment("owed", 0);
        throw error;
      }),
    );
  const silent = new StoreError("STORE_UNAVAILABLE", "No answer within 500 ms.", { outcome: "unknown" });
  expect(await failing(silent)).toEqual({ failure: "No answer within 500 ms." });
  await expect(failing(new TypeError("a bug"))).rejects.toThrow("a bug");
});

it.each([
  [1, "the server has 1 other:"],
  [10, "the server has 10 others:"],
  // A user without DBSIZE.
  ["NOPERM", "others may be there:"],
])("finds nothing of the stores among %j keys", async (keys, words) => {
  const noKeys = expect.stringContaining(`no key under shop:rl, shop:sess or shop:verify, and ${words}`);
  expect(await countPayments(storesWith(pages(0), keys))).toEqual({ noKeys });
});

it("looks for a key of the stores page by page, and is content with one of any store", async () => {
  const [first, second] = [
    ["7", ["shop:sessions:{0}:k", "shop:verify"]],
    ["0", ["shop:sess:{0}:k"]],
  ];
  const replies = [first, second];
  const asked: string[] = [];
  const scan: Scan = async (...words) => {
    asked.push(words.slice(1, 4).join(" "));
    return replies.shift();
  };
  const counts = { inDoubt: 0, owed: 0, oldestMs: 0, unreadable: 0 };
  expect(await countPayments(storesWith(pages(0), 3, scan))).toEqual({ counts });
  expect(asked).toEqual(["0 MATCH shop:*", "7 MATCH shop:*"]);
  expect(await countPayments(storesWith(pages(0), 3, async () => ["0", first?.[1]]))).toEqual({
    noKeys: expect.stringContaining("3 others"),
  });
});

it("is content where the last keys had ended, which a server counts until it looks at them", async () => {
  let keys = 2;
  const stores = storesWith(pages(0));
  const ask = async (word?: string) => {
    if (word !== "SCAN") return keys;
    keys = 0;
    return ["0", []];
  };
  const counted = await countPayments({ ...stores, servers: async () => [{ name: "a:1", ask }] });
  expect(counted).toMatchObject({ counts: { inDoubt: 0 } });
});

it("knows nothing where the search for the stores' keys is not answered, or does not end", async () => {
  const refused = storesWith(pages(0), 10, () => Promise.reject(new Error("NOPERM")));
  expect(await countPayments(refused)).toEqual({ failure: expect.stringMatching(/did not answer SCAN/) });
  steppedClock();
  const slow = () => new Promise((resolve) => setTimeout(resolve, 400, ["7", []]));
  const counting = countPayments(storesWith(pages(0), 10_000, slow));
  await vi.advanceTimersByTimeAsync(30_400);
  expect(await counting).toEqual({ failure: expect.stringContaining("took more than 30 s") });
});
