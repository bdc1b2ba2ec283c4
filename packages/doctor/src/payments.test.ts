// Payments in doubt by the command: listed, shown before they are resolved, and recorded as they were shown.
import type { LoadedStores } from "@tollbooth-stores/config";
import type { RunningRedis } from "@tollbooth-stores/redis-testkit";
import { beforeEach, describe, expect, it } from "vitest";
import { doctor, good, presented, type Ran, started, withDoubt } from "./doctor.test-support.ts";
import { resolve as resolvePayments } from "./payment-commands.ts";
import { findPayment, recordResolution } from "./payments.ts";

let redis: RunningRedis;
let stores: LoadedStores;
let handle: string;

const command = (...args: string[]): Promise<Ran> => doctor(["payments", ...args, "--url", redis.url]);
const resolve = (...args: string[]): Promise<Ran> => command("resolve", handle, ...args);
const writes = async () => /rdb_changes_since_last_save:\d+/.exec(String(await redis.command("INFO")))?.[0];
const status = async () => (await stores.verifications.peek("p:k")).status;
const errorIn = ({ out }: Ran) => JSON.parse(out).error;

beforeEach(async () => {
  redis = await started(good);
  stores = await withDoubt(redis, '{"nonce":"0x1"}', { evidence: "0xabc" });
  const [listed] = JSON.parse((await command("list", "--json")).out).payments;
  expect(listed).toMatchObject({ kind: "in-doubt", attempt: 1, evidence: "0xabc", reference: '{"nonce":"0x1"}' });
  handle = listed.handle;
});

describe("doctor payments", () => {
  it("counts and lists what is in doubt, shows what would be recorded, and writes nothing without a yes", async () => {
    const before = await writes();
    expect((await doctor(["--url", redis.url])).out).toMatch(/Payments in doubt: 1; owed to their payers: 0/);
    for (const asked of [["list"], []]) {
      expect(await command(...asked)).toEqual({
        status: 0,
        out: expect.stringMatching(
          /^[\w-]{43} {2}in-doubt, attempt 1, for 0 minutes\n {4}evidence: 0xabc\n {4}ref.*\n$/,
        ),
        err: "",
      });
    }
    for (const [resolution, shown] of [
      [["--receipt", "0xabc"], /settled, with the receipt 0xabc.*\n.*owed for 31 days.*once/],
      [["--none", "expired"], /never settled.*: expired\.\n.*refused \(402\).*pays twice/],
    ] as const) {
      const { status, out, err } = await resolve(...resolution);
      expect([status, err]).toEqual([2, expect.stringMatching(/^Nothing was recorded\. .*--yes/)]);
      expect(out).toMatch(shown);
      expect(out).toContain(`${handle}  in-doubt, attempt 1, for 0 minutes`);
      const asJson = await resolve(...resolution, "--json");
      expect([asJson.status, asJson.err]).toEqual([2, ""]);
      expect(JSON.parse(asJson.out)).toMatchObject({
        error: { code: "NOT_CONFIRMED" },
        payment: { handle, kind: "in-doubt" },
        wouldRecord: expect.any(String),
        next: expect.any(String),
      });
    }
    expect(await writes()).toBe(before);
  });

  it("--none ends the payment: its payer is refused. A receipt that turns up makes it owed", async () => {
    expect(await resolve("--none", "expired", "--yes")).toMatchObject({
      status: 0,
      out: expect.stringMatching(/done$/m),
    });
    expect(await presented(stores)).toMatchObject({ status: "rejected", reason: "expired" });
    const again = await resolve("--none", "void", "--yes", "--json");
    expect([again.status, JSON.parse(again.out)]).toEqual([
      0,
      { result: "already", payment: expect.objectContaining({ reason: "expired" }), message: expect.any(String) },
    ]);
    const delivered = await resolve("--delivered", "--yes", "--json");
    expect([delivered.status, errorIn(delivered)]).toMatchObject([1, { code: "NOT_SETTLED" }]);
    const mended = await resolve("--receipt", "0xabc", "--yes");
    expect(mended).toMatchObject({
      status: 0,
      out: expect.stringMatching(/ended \(expired\), and its payer was refused/),
    });
    expect(await presented(stores)).toMatchObject({ status: "paid", fresh: true, receipt: "0xabc" });
  });

  it("--receipt makes the payment owed to its payer, who gets the content once", async () => {
    const { status: exit, out } = await resolve("--receipt", "0xabc", "--yes", "--json");
    expect([exit, JSON.parse(out)]).toEqual([
      0,
      {
        result: "done",
        payment: expect.objectContaining({ handle, kind: "in-doubt" }),
        recorded: expect.any(String),
        next: expect.any(String),
      },
    ]);
    expect(await command("list")).toMatchObject({ out: expect.stringMatching(/ owed, attempt 1, for 0 minutes/) });
    // Safe to repeat. A receipt that differs would hide a second charge.
    expect(await resolve("--receipt", "0xABC", "--yes")).toMatchObject({
      status: 0,
      out: expect.stringMatching(/^done: /m),
    });
    for (const [resolution, code] of [
      [["--receipt", "0xdef"], "ANOTHER_RECEIPT"],
      [["--none", "expired"], "ALREADY_SETTLED"],
    ] as const) {
      const refused = await resolve(...resolution, "--yes", "--json");
      expect([refused.status, errorIn(refused)]).toMatchObject([1, { code }]);
    }
    expect(await presented(stores)).toMatchObject({ status: "paid", fresh: true, result: "answer", receipt: "0xabc" });
    expect(await presented(stores)).toMatchObject({ status: "paid", fresh: false });
  });

  it("--delivered ends a payment that is owed: its payer gets no content for it any more", async () => {
    const early = await resolve("--delivered", "--yes");
    expect(early).toMatchObject({ status: 1, err: expect.stringMatching(/^no receipt is on record/) });
    expect(await status()).toBe("unknown");
    await resolve("--receipt", "0xabc", "--yes");
    const { status: exit, out } = await resolve("--delivered", "--yes");
    expect(exit).toBe(0);
    expect(out).toMatch(/ owed, attempt 1.*\n {4}receipt: 0xabc\n(.*\n)*From then on: .*409.*\ndone\n$/);
    expect(await presented(stores)).toMatchObject({ status: "paid", fresh: false });
    for (const repeated of [["--delivered"], ["--receipt", "0xabc"]]) {
      expect(await resolve(...repeated, "--yes")).toMatchObject({ status: 0, out: expect.stringMatching(/^done: /m) });
    }
    expect(await resolve("--none", "void", "--yes")).toMatchObject({
      status: 1,
      err: expect.stringMatching(/^it is settled/),
    });
  });

  it("--receipt takes a transaction alone for a payment on an EVM chain, also once the payment was ended", async () => {
    redis = await started(good);
    await withDoubt(redis, '{"network":"eip155:8453"}');
    for (const state of ["in-doubt", "expired"]) {
      const refused = await resolve("--receipt", "0x12", "--yes", "--json");
      expect([refused.status, JSON.parse(refused.out)]).toMatchObject([
        1,
        { error: { code: "NO_TRANSACTION" }, payment: { kind: state, reference: '{"network":"eip155:8453"}' } },
      ]);
      expect(await resolve("--none", "expired", "--yes")).toMatchObject({ status: 0 });
    }
    const taken = await resolve("--receipt", `0x${"ab".repeat(32)}`, "--yes");
    expect(taken).toMatchObject({ status: 0, out: expect.stringMatching(/done$/m) });
  });

  it("takes no handle that names no payment, and makes no record of one", async () => {
    const before = await writes();
    const mistyped = `${handle.slice(0, -1)}${handle.endsWith("A") ? "B" : "A"}`;
    for (const wrong of ["mistyped", mistyped]) {
      const { status: exit, out } = await command("resolve", wrong, "--receipt", "0xabc", "--yes", "--json");
      expect([exit, JSON.parse(out)]).toEqual([1, { error: { code: "UNKNOWN_HANDLE", message: expect.any(String) } }]);
      const text = await command("resolve", wrong, "--receipt", "0xabc", "--yes");
      expect(text).toMatchObject({ status: 1, out: "", err: expect.stringMatching(/^unknown handle: payments list/) });
    }
    expect(await writes()).toBe(before);
  });

  it("leaves a payment to the attempt that holds it", async () => {
    const claim = await stores.verifications.reconcile({ handle }, { token: "t", leaseMs: 60_000 });
    expect(claim.status).toBe("claimed");
    for (const resolution of [["--none", "expired"], ["--receipt", "0xabc"], ["--delivered"]]) {
      const refused = await resolve(...resolution, "--yes", "--json");
      expect([refused.status, errorIn(refused)]).toMatchObject([1, { code: "UNDER_WAY" }]);
    }
    expect(await status()).toBe("in-progress");
  });
});

it("asks on a terminal, and records nothing but after a yes", async () => {
  const said: string[] = [];
  const options = { url: redis.url };
  const show = async (text: string) => void said.push(text);
  const answered = (answer: "yes" | "no") =>
    resolvePayments(
      { name: "resolve", options, json: false, handle, resolution: { none: "expired" }, yes: false },
      { show, ask: (text) => show(text).then(() => answer === "yes") },
    );
  const before = await writes();
  expect(await answered("no")).toEqual({
    ...{ status: 1, json: {} },
    error: { code: "NOT_CONFIRMED", message: "Nothing was recorded." },
  });
  expect(await writes()).toBe(before);
  expect(said).toEqual([expect.stringContaining("Recorded will be"), "Record this? [y/N] "]);
  expect(await answered("yes")).toMatchObject({ status: 0, text: "done" });
  expect(await status()).toBe("expired");
});

it("says so where the payment has moved on since it was shown", async () => {
  const shown = await findPayment(stores, handle);
  if (shown === undefined) throw new Error("It is not found.");
  const claim = await stores.verifications.reconcile({ handle }, { token: "t", leaseMs: 60_000 });
  if (claim.status !== "claimed") throw new Error(claim.status);
  expect(await recordResolution(stores, shown, { none: "expired" })).toMatchObject({ code: "UNDER_WAY" });
  expect(await recordResolution(stores, shown, { delivered: true })).toMatchObject({ code: "UNDER_WAY" });
  await stores.verifications.markUnknown({ handle }, claim.lease);
  expect(await recordResolution(stores, shown, { delivered: true })).toMatchObject({ code: "NOT_SETTLED" });
  expect(await recordResolution(stores, shown, { receipt: "0xabc" })).toBeUndefined();
  expect(await recordResolution(stores, shown, { receipt: "0xdef" })).toMatchObject({ code: "ANOTHER_RECEIPT" });
  expect(await recordResolution(stores, shown, { none: "expired" })).toMatchObject({ code: "ALREADY_SETTLED" });
});
