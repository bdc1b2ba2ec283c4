// The doctor as a command, in a folder of its own, and servers that end with their test.
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type LoadedStores, loadStores } from "@tollbooth-stores/config";
import { type Paid, payOnce } from "@tollbooth-stores/core";
import { type RedisOptions, type RunningRedis, startRedis } from "@tollbooth-stores/redis-testkit";
import { afterAll, expect, onTestFinished } from "vitest";

export const folder: string = mkdtempSync(join(tmpdir(), "tollbooth-doctor-"));
afterAll(() => rmSync(folder, { recursive: true }));
export const program: string = fileURLToPath(new URL("../dist/main.js", import.meta.url));

export interface Ran {
  status: number;
  out: string;
  err: string;
}

export function doctor(args: readonly string[], env: Record<string, string> = {}): Promise<Ran> {
  return new Promise((resolve) => {
    const options = { cwd: folder, env: { PATH: process.env.PATH, ...env }, timeout: 15_000 };
    execFile(process.execPath, [program, ...args], options, (error, out, err) => {
      resolve({ status: error === null ? 0 : Number(error.code), out, err });
    });
  });
}

export async function started(options: RedisOptions): Promise<RunningRedis> {
  const redis = await startRedis(options);
  onTestFinished(() => redis.stop());
  return redis;
}

/** As a server for payments is set up. */
export const good: RedisOptions = {
  requirepass: "hunter2",
  maxmemory: "64mb",
  config: ["appendonly yes", "appendfsync everysec"],
};

/** Stores on the server, with a payment "k" in doubt: the reply of its settlement was lost. */
export async function withDoubt(
  redis: RunningRedis,
  reference: string,
  { evidence, keyPrefix }: { evidence?: string; keyPrefix?: string } = {},
): Promise<LoadedStores> {
  const config = { stores: { provider: "redis", redis: { url: redis.url }, keyPrefix } };
  const stores = await loadStores(config, { env: {}, onWarning() {} });
  onTestFinished(() => stores.close());
  await stores.ping();
  expect((await presented(stores, { reference, evidence })).status).toBe("pending");
  return stores;
}

/** The payment "k" is presented by its payer. Nothing answers what became of its settlement. */
export function presented(
  { verifications }: LoadedStores,
  { reference, evidence }: { reference?: string; evidence?: string | undefined } = {},
): Promise<Paid<string>> {
  const payment = { key: "k", payloadHash: "h", fingerprint: "f", reference, validUntilMs: Date.now() + 60_000 };
  return payOnce(verifications, payment, {
    verify: async () => ({ ok: true }),
    serve: async () => "answer",
    settle: async ({ note }) => {
      if (evidence !== undefined) await note(evidence);
      throw new Error("The reply was lost.");
    },
    findSettlement: async () => "unknown",
  });
}
