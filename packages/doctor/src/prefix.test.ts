// A Redis without a configuration is examined under one prefix. Where nothing of the stores is there, nothing is known.
import type { RunningRedis } from "@tollbooth-stores/redis-testkit";
import { describe, expect, it } from "vitest";
import { readArguments } from "./arguments.ts";
import { doctor, good, started, withDoubt } from "./doctor.test-support.ts";
import { examinationStatus } from "./examination-status.ts";
import { examine } from "./examine.ts";
import { list, resolve } from "./payment-commands.ts";

const listed = (...args: string[]) => {
  const command = readArguments(["payments", ...args]);
  if (command.name === "examine") throw new Error("Not a command about payments.");
  const terminal = { show: async () => undefined, ask: undefined };
  return command.name === "list" ? list(command) : resolve(command, terminal);
};

const paymentsOf = async (options: Parameters<typeof examine>[0]) => {
  const { findings, payments } = await examine(options);
  return { finding: findings.find(({ check }) => check === "payments"), findings, payments };
};

const noKeys = (prefixes: string) =>
  expect.stringMatching(new RegExp(`no key under ${prefixes}, and the server has 1 other: .*another prefix`));

async function withOtherKey(): Promise<RunningRedis> {
  const redis = await started(good);
  await redis.command("SET", "shop:basket", "1");
  return redis;
}

describe("doctor --url", () => {
  it("finds a payment in doubt under the prefix that is given, and is not content with the prefix that is not theirs", async () => {
    const redis = await started(good);
    await withDoubt(redis, '{"nonce":"0x1"}', { keyPrefix: "shop" });
    const { url } = redis;
    const blind = await paymentsOf({ url });
    expect(blind).toMatchObject({ payments: undefined, finding: { level: "unknown", topic: "no-keys" } });
    expect(blind.finding?.mend).toMatch(/--prefix/);
    const statuses = (["error", ["payments"], "warning", ["clock"]] as const).map((failOn) =>
      examinationStatus(blind.findings, failOn),
    );
    expect(statuses).toEqual([0, 2, 2, 0]);
    const seen = await paymentsOf({ url, keyPrefix: "shop" });
    expect(seen).toMatchObject({ payments: { inDoubt: 1 }, finding: { level: "ok" } });
    const [unlisted, command] = await Promise.all([
      listed("--url", url),
      doctor(["--url", url, "--fail-on", "payments"]),
    ]);
    expect(unlisted).toMatchObject({ status: 2, error: { code: "NO_KEYS" }, json: { payments: [], unreadable: [] } });
    expect(unlisted.text).toBeUndefined();
    expect(command).toMatchObject({ status: 2, out: expect.stringMatching(/^UNKNOWN +payments .*tollbooth:verify/m) });
    const found = await listed("--url", url, "--prefix", "shop");
    expect(found).toMatchObject({ status: 0, json: { payments: [{ kind: "in-doubt" }] } });
    const wrong = await listed("resolve", "handle", "--none", "expired", "--url", url);
    expect(wrong).toMatchObject({
      status: 1,
      error: { code: "UNKNOWN_HANDLE", message: expect.stringContaining("tollbooth:verify") },
    });
  });

  it("names the prefix under which no payment is in doubt: of an empty server, and of one with a key of the stores", async () => {
    const redis = await started(good);
    const { url } = redis;
    const none = "No payment is in doubt or owed under the prefix";
    expect(await paymentsOf({ url })).toMatchObject({ finding: { level: "ok", message: `${none} tollbooth:verify.` } });
    expect(await listed("--url", url)).toMatchObject({ status: 0, text: `${none} tollbooth:verify.` });
    // That of a session is enough: no payment need have come yet.
    await redis.command("SET", "shop:sess:{0}:x", "1");
    expect(await paymentsOf({ url, keyPrefix: "shop" })).toMatchObject({
      payments: { inDoubt: 0 },
      finding: { level: "ok", message: `${none} shop:verify.` },
    });
    expect((await paymentsOf({ url: `${url}/1`, keyPrefix: "shop" })).finding).toMatchObject({
      level: "unknown",
      message: expect.stringMatching(/other databases of the server hold keys/),
    });
    // A prefix that begins alike is another one.
    expect(await paymentsOf({ url, keyPrefix: "sho" })).toMatchObject({ finding: { level: "unknown" } });
  });

  it("believes a configuration, which says the prefix, also of a gateway that has stored nothing yet", async () => {
    const redis = await withOtherKey();
    const config = { stores: { provider: "ioredis", ioredis: { url: redis.url } } };
    expect((await paymentsOf({ config, env: {} })).finding).toMatchObject({ level: "ok" });
    const message = noKeys("tollbooth:rl, tollbooth:sess or tollbooth:verify");
    expect((await paymentsOf({ url: redis.url })).finding).toMatchObject({ level: "unknown", message });
  });
});

it("--prefix and --client are refused where they say nothing, and a prefix or an address that is none", () => {
  expect(readArguments(["--url", "redis://h", "--prefix", "shop"])).toMatchObject({ options: { keyPrefix: "shop" } });
  expect(() => readArguments(["--prefix", "shop"])).toThrow(/^--client and --prefix are for --url/);
  expect(() => readArguments(["--url", "redis://h", "--prefix", "a b"])).toThrow(/^--prefix must be 1 to 200/);
  expect(() => readArguments(["--client", "redis"])).toThrow(/^--client and --prefix are for --url/);
  expect(() => readArguments(["payments", "--url="])).toThrow(/^--url needs the address/);
  expect(() => readArguments(["--url", "redis://h", "--prefix="])).toThrow(/^--prefix must be 1 to 200/);
});
