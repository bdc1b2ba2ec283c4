// That evmSettlements finds payments where the official facilitator settled them on a real EVM, as the sandbox runs it.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { demoAccount } from "@tollbooth-stores/sandbox";
import { type EvmLedger, openEvmLedger } from "@tollbooth-stores/sandbox/evm";
import { createPublicClient, http, type PublicClient } from "viem";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type OnPort, onPort } from "../on-port.test-support.ts";
import { lookUp } from "./evm-scene.test-support.ts";
import { post, settleAt, signPayment } from "./sandbox-scene.test-support.ts";

const stillOpen = "The payment may still be settled: no final block is later than its end.";
const notFinal = "The payment's transaction is not final yet.";
const now = () => Math.floor(Date.now() / 1_000);
let directory: string;
let ledger: EvmLedger;
let server: OnPort;
let client: PublicClient;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "tollbooth-evm-settlements-"));
  ledger = await openEvmLedger(directory);
  server = await onPort(ledger.fetch);
  client = createPublicClient({ transport: http(`${server.url}/rpc`, { retryCount: 0 }) });
});
afterAll(async () => {
  await server.stop();
  await ledger.close();
  rmSync(directory, { recursive: true });
});

describe("a payment on the sandbox's EVM", () => {
  it("is settled once its block is final, and never anything else in between", async () => {
    const payment = await signPayment(now());
    // The chain has just begun: the final block may be one from before the token.
    await expect.poll(() => lookUp(client, payment), { timeout: 15_000 }).toBe(stillOpen);
    const { transaction } = await settleAt(server.url, payment);
    const seen: unknown[] = [];
    await expect
      .poll(
        async () => {
          const found = await lookUp(client, payment);
          seen.push(found);
          return found;
        },
        { timeout: 15_000 },
      )
      .toEqual({ receipt: transaction });
    expect(seen.slice(0, -1).filter((found) => found !== notFinal)).toEqual([]);
    expect(await lookUp(client, payment, { evidence: String(transaction) })).toEqual({ receipt: transaction });
  });

  it("is void once its nonce has paid another recipient", async () => {
    const payment = await signPayment(now());
    const other = await signPayment(now(), { nonce: payment.nonce, to: demoAccount("stranger").address });
    const { transaction } = await settleAt(server.url, other);
    await expect.poll(() => lookUp(client, payment), { timeout: 15_000 }).toEqual({ none: "void" });
    expect(await lookUp(client, other)).toEqual({ receipt: transaction });
  });

  it("whose lookup fails or loses its answer is unknown while that lasts", async () => {
    const payment = await signPayment(now());
    for (const fail of ["before", "after"]) {
      await post(`${server.url}/admin/faults`, { on: "lookup", fail, times: 1 });
      expect(await lookUp(client, payment)).toBe("The node answered eth_chainId with an error.");
    }
    expect(await lookUp(client, payment)).toBe(stillOpen);
  });

  it("that is unused has expired once the chain's final block is later, and the chain takes it no more", async () => {
    const payment = await signPayment(now());
    await ledger.node.request({ method: "evm_increaseTime", params: [61] });
    await expect.poll(() => lookUp(client, payment), { timeout: 15_000 }).toEqual({ none: "expired" });
    // By the facilitator's own clock it is valid: the token itself refuses it.
    expect(await settleAt(server.url, payment)).toMatchObject({
      ...{ success: false, errorReason: "invalid_exact_evm_payload_authorization_valid_before" },
    });
  });
});
