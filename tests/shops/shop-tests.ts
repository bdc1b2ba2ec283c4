// Each shop in two processes on one Redis: bought from by the SDK's own client, copied, replayed, killed, and left without Redis.
import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { serve } from "@hono/node-server";
import { freePort, type RunningRedis, startRedis } from "@tollbooth-stores/redis-testkit";
import {
  buyer,
  openSandboxLedger,
  payTo,
  type SandboxControls,
  type SandboxLedger,
  sandboxControls,
} from "@tollbooth-stores/sandbox";
import { x402Client, x402HTTPClient } from "@x402/core/client";
import { decodePaymentResponseHeader } from "@x402/core/http";
import { ExactEvmScheme } from "@x402/evm/exact/client";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

interface Instance {
  child: ChildProcess;
  url: string;
  runs(): number;
}

const pathOf = (shop: string) => fileURLToPath(new URL(shop, import.meta.url));

interface ShopOptions {
  open: (logDirectory: string) => Promise<Pick<SandboxLedger, "fetch"> & { close(): void | Promise<void> }>;
}

/** `open`: the ledger whose chain the shop is paid on. Default: the simulated one. */
export function shopTests(
  shop: string,
  { open }: ShopOptions = { open: async (logs) => openSandboxLedger(logs) },
): void {
  it(`${shop} is a screenful, at most 25 lines, and runs where it is copied to: it needs the packages that it names`, () => {
    const text = readFileSync(pathOf(shop), "utf8");
    expect(text.trimEnd().split("\n").length).toBeLessThanOrEqual(25);
    const packages = [...text.matchAll(/ from "((?:@[\w-]+\/)?[^"/]+)/g)].map(([, name]) => name);
    const installed = /^\/\/ npm install (.*)$/m.exec(text)?.[1]?.split(" ") ?? [];
    // `ioredis` is the peer of the provider.
    expect(installed.toSorted()).toEqual([...new Set([...packages, "ioredis"])].toSorted());
  });

  describe(shop, () => {
    let redis: RunningRedis;
    let controls: SandboxControls;
    let endSandbox: () => Promise<void>;
    let instances: [Instance, Instance];

    beforeEach(async () => {
      const logDirectory = mkdtempSync(join(tmpdir(), "tollbooth-shops-"));
      const ledger = await open(logDirectory);
      const [server, port] = await new Promise<[ReturnType<typeof serve>, number]>((resolve) => {
        const listening = serve({ fetch: ledger.fetch, port: 0 }, ({ port: bound }) => resolve([listening, bound]));
      });
      const url = `http://127.0.0.1:${port}`;
      endSandbox = async () => {
        server.close();
        await ledger.close();
        rmSync(logDirectory, { recursive: true });
      };
      controls = sandboxControls(() => ({ ledger: { url }, upstream: { url }, logDirectory }));
      redis = await startRedis();
      const start = async (): Promise<Instance> => {
        const PORT = String(await freePort());
        const ours = {
          FACILITATOR_URL: `${url}/facilitator`,
          RPC_URL: `${url}/rpc`,
          PAY_TO: payTo,
          ORIGIN: "https://shop.example",
        };
        const env = { REDIS_URL: redis.url, ...ours, PORT };
        const child = fork(pathOf(shop), {
          env: { ...process.env, ...env },
          execArgv: [],
          stdio: ["ignore", "pipe", "inherit", "ipc"],
        });
        let runs = 0;
        child.stdout?.on("data", (text) => {
          runs += String(text).match(/^quote$/gm)?.length ?? 0;
        });
        const address = `http://127.0.0.1:${PORT}/quote`;
        await expect.poll(() => fetch(address).then(({ status }) => status, String), { timeout: 20_000 }).toBe(402);
        return { child, url: address, runs: () => runs };
      };
      instances = await Promise.all([start(), start()]);
    });
    afterEach(async () => {
      for (const { child } of instances) child.kill("SIGKILL");
      await redis.stop();
      await endSandbox();
    });

    const runs = () => instances.reduce((sum, each) => sum + each.runs(), 0);
    const madeBy = ({ child }: Instance): unknown => expect.stringMatching(`^${child.pid}-`);
    const settles = () => controls.logged("facilitator", "settle").length;
    const verifies = () => controls.logged("facilitator", "verify").length;
    const transfers = () => controls.logged("ledger", "transfer").length;
    /** Signed, and not sent yet. */
    const payment = async () => {
      const client = buyer(await controls.payer());
      const signed = await client.sign(await client.priceOf(instances[0].url));
      return { ...client.headersOf(signed), "idempotency-key": "mine" };
    };
    const ask = (instance: Instance, headers: Record<string, string> = {}) => fetch(instance.url, { headers });
    const told = async (answer: Response) => [answer.status, Object(await answer.json()).error];

    it("sells to the SDK's own client, with a receipt, and once", async () => {
      const [first, second] = instances;
      const http = new x402HTTPClient(
        new x402Client().register("eip155:*", new ExactEvmScheme(await controls.payer())),
      );
      const unpaid = await ask(first);
      expect(unpaid.status).toBe(402);
      const required = http.getPaymentRequiredResponse((name) => unpaid.headers.get(name), await unpaid.json());
      const headers = http.encodePaymentSignatureHeader(await http.createPaymentPayload(required));
      const sold = await ask(second, headers);
      expect([sold.status, Object(await sold.json()).quote]).toEqual([200, madeBy(second)]);
      const { transaction } = decodePaymentResponseHeader(sold.headers.get("payment-response") ?? "");
      expect(controls.logged("ledger", "transfer")).toMatchObject([{ transaction }]);
      // Without an Idempotency-Key the payment alone, which is public on its chain, gets nothing again.
      for (const instance of instances) expect((await ask(instance, headers)).status).toBe(409);
      expect([verifies(), runs(), settles()]).toEqual([1, 1, 1]);
    });

    it("20 copies over both: one verify, one run, one settle, and 20 times the same answer", async () => {
      const headers = await payment();
      const copies = Array.from({ length: 20 }, (_, at) => ask(instances[at % 2 === 0 ? 0 : 1], headers));
      const answers = await Promise.all(copies);
      expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
      expect(new Set(await Promise.all(answers.map((answer) => answer.text()))).size).toBe(1);
      expect([verifies(), runs(), settles(), transfers()]).toEqual([1, 1, 1, 1]);
    });

    it("a lost reply of settle: the other process hands out what was made, for one transfer", async () => {
      const [first, second] = instances;
      const headers = await payment();
      await controls.fault({ on: "settle", fail: "after", times: 1 });
      expect(await told(await ask(first, headers))).toEqual([503, "settlement_pending"]);
      const known = await ask(second, headers);
      expect([known.status, Object(await known.json()).quote]).toEqual([200, madeBy(first)]);
      expect([runs(), transfers()]).toEqual([1, 1]);
    });

    it("a process killed while it settles: the other one hands out the same bytes, for one transfer", async () => {
      const [first, second] = instances;
      const headers = await payment();
      await controls.fault({ on: "settle", delayMs: 700, times: 1 });
      const lost = ask(first, headers);
      lost.catch(() => undefined);
      await expect.poll(settles, { timeout: 10_000 }).toBe(1);
      first.child.kill("SIGKILL");
      await expect(lost).rejects.toThrow();
      await expect.poll(async () => (await ask(second, headers)).status, { timeout: 20_000, interval: 250 }).toBe(200);
      const answers = [await ask(second, headers), await ask(second, headers)];
      expect(answers.map(({ status }) => status)).toEqual([200, 200]);
      const [bytes, again] = await Promise.all(answers.map(async (answer) => Buffer.from(await answer.arrayBuffer())));
      expect(again).toEqual(bytes);
      expect(Object(JSON.parse(String(bytes))).quote).toEqual(madeBy(first));
      expect([runs(), transfers()]).toEqual([1, 1]);
    });

    it("without Redis a paid request is 503 with Retry-After, and nothing is verified, made or settled", async () => {
      const headers = await payment();
      await redis.kill("SIGKILL");
      for (const instance of instances) {
        const answer = await ask(instance, headers);
        expect(answer.headers.get("retry-after")).toBe("1");
        expect(await told(answer)).toEqual([503, "store_unavailable"]);
      }
      expect([verifies(), runs(), settles()]).toEqual([0, 0, 0]);
    });

    it("a payment that is malformed, oversized or another's is refused, and nothing runs", async () => {
      const [first] = instances;
      const sent = await payment();
      const { "payment-signature": genuine = "" } = Object.fromEntries(
        Object.entries(sent).map(([name, value]) => [name.toLowerCase(), value]),
      );
      const forged = JSON.parse(Buffer.from(genuine, "base64").toString());
      forged.payload.authorization.from = "0x1111111111111111111111111111111111111111";
      const statusOf = async (value: string) => (await ask(first, { "payment-signature": value })).status;
      expect(await statusOf("%%%")).toBe(400);
      expect(await statusOf("A".repeat(16_400))).toBe(431);
      expect(await statusOf(Buffer.from(JSON.stringify(forged)).toString("base64"))).toBe(402);
      expect([runs(), settles()]).toEqual([0, 0]);
      expect((await ask(first, sent)).status).toBe(200);
    });
  });
}
