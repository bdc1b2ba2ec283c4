// A purchase whose credit was applied but whose reply was lost: the buyer gets what was bought, once.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type SessionStore, StoreError, type Stores } from "@tollbooth-stores/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { demoAccount, simulatedChain } from "../chain.ts";
import { type AppendLog, appendLog } from "../process/append-log.ts";
import { type Listening, listen } from "../process/listen.ts";
import { type Ledger, openLedger } from "../simulated-ledger/ledger.ts";
import { ledgerApp } from "../simulated-ledger/ledger-app.ts";
import { makePayment, paymentHeader, payTo } from "../testing/forge.ts";
import { testConfig } from "../testing/test-system.ts";
import { gatewayApp } from "./gateway-app.ts";
import { loadGateway } from "./load-gateway.ts";
import type { SessionData } from "./session-token.ts";

const payer = demoAccount("buy session test");
let directory: string;
let ledger: Ledger;
let log: AppendLog;
let server: Listening;
let loaded: Awaited<ReturnType<typeof loadGateway>>;

beforeEach(async () => {
  const { token, chainId } = simulatedChain;
  const domain = { name: token.name, version: token.version, chainId, verifyingContract: token.address };
  directory = mkdtempSync(join(tmpdir(), "tollbooth-buy-session-"));
  ledger = openLedger(join(directory, "ledger.jsonl"), domain, () => Math.floor(Date.now() / 1_000));
  ledger.mint([payer.address], 1_000_000n);
  log = appendLog(join(directory, "facilitator.jsonl"));
  server = await listen(ledgerApp(ledger, log).fetch, 0);
  loaded = await loadGateway(testConfig, {
    FACILITATOR_URL: `${server.url}/facilitator`,
    CHAIN_URL: `${server.url}/chain`,
    UPSTREAM_URL: "http://127.0.0.1:9",
  });
});
afterEach(async () => {
  await loaded.stores.close();
  await server.stop(100);
  ledger.close();
  log.close();
  rmSync(directory, { recursive: true });
});

/** Credits, and then fails to say so, as often as told. */
function losingReplies(sessions: SessionStore<SessionData>, times: number): SessionStore<SessionData> {
  let left = times;
  return {
    ...sessions,
    async credit(...call) {
      const reply = await sessions.credit(...call);
      left -= 1;
      if (left < 0) return reply;
      throw new StoreError("STORE_UNAVAILABLE", "The reply was lost.", { outcome: "unknown" });
    },
  };
}

async function gateway(stores: Stores<SessionData>) {
  const app = await gatewayApp({ config: loaded.config, stores, stopping: () => false });
  const env = { incoming: { socket: { remoteAddress: "10.0.0.1" } } };
  return (headers: Record<string, string>) => app.request("/search", { headers }, env);
}

describe("buying a session, the store's replies lost", () => {
  test("credits once, transfers once, and tells the token at the attempt that succeeds", async () => {
    const { stores } = loaded;
    const ask = await gateway({ ...stores, sessions: losingReplies(stores.sessions, 2) });
    const headers = paymentHeader((await makePayment(payer)).payload);
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const lost = await ask(headers);
      expect(lost.status).toBe(503);
      expect(ledger.balanceOf(payTo)).toBe(10_000n);
    }
    const bought = await ask(headers);
    expect(bought.status).toBe(201);
    const body: unknown = await bought.json();
    expect(body).toMatchObject({ callsLeft: "3" });
    expect(ledger.balanceOf(payTo)).toBe(10_000n);
    expect((await ask(headers)).status).toBe(409);
  });
});
