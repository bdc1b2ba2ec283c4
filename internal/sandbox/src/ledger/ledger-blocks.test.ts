// That the simulated chain's blocks follow time, and that nothing is ever told of one that does not stay true.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { zeroHash } from "viem";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readLog } from "../append-log.ts";
import { demoAccount, simulatedChain } from "../chain.ts";
import { makePayment, payTo, randomNonce } from "../forge.ts";
import type { Block } from "./blocks.ts";
import { type Ledger, openLedger } from "./ledger.ts";

const payer = demoAccount("ledger blocks test");
const { token, chainId } = simulatedChain;
const domain = { name: token.name, version: token.version, chainId, verifyingContract: token.address };
let directory: string;
let file: string;
let seconds: number;
let ledger: Ledger;

const open = () => openLedger(file, domain, () => seconds);
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "tollbooth-blocks-"));
  file = join(directory, "ledger.jsonl");
  seconds = 1_000;
  ledger = open();
  ledger.mint([payer.address], 1_000n);
});
afterEach(() => {
  ledger.close();
  rmSync(directory, { recursive: true });
});

async function pay(validBefore = 100_000n) {
  const order = { from: payer.address, to: payTo, value: 1n, validAfter: 0n, validBefore, nonce: randomNonce() };
  const told = { value: "1", validBefore: String(validBefore), nonce: order.nonce };
  const { transaction } = await ledger.transfer(order, (await makePayment(payer, told)).signature);
  const block = ledger.blocks.of(transaction);
  if (block === undefined) throw new Error("The transfer is in no block.");
  return { transaction, block };
}

/** Every block, in order, as it can be looked up by number and by hash. */
function wholeChain(): Block[] {
  const all: Block[] = [];
  for (let block = ledger.blocks.at(0); block !== undefined; block = ledger.blocks.at(all.length)) {
    expect(block.number).toBe(all.length);
    expect(ledger.blocks.byHash(block.hash)).toEqual(block);
    expect(block.parentHash).toBe(all.at(-1)?.hash ?? zeroHash);
    expect(block.timestamp).toBeGreaterThanOrEqual(all.at(-1)?.timestamp ?? 0);
    all.push(block);
  }
  expect(new Set(all.map(({ hash }) => hash)).size).toBe(all.length);
  return all;
}

describe("the simulated chain's blocks", () => {
  test("hold each a transfer of its own, two hundred within a second too, and time goes on after them", async () => {
    for (let count = 0; count < 200; count += 1) {
      const { transaction, block } = await pay();
      expect(block).toMatchObject({ number: count, timestamp: 1_000, transaction });
      expect(ledger.newestBlock()).toBe(block);
    }
    seconds += 1;
    expect(ledger.newestBlock()).toMatchObject({ number: 200, timestamp: 1_001, transaction: undefined });
    expect(wholeChain()).toHaveLength(201);
  });

  test("are added empty when time has gone on, one at most for an instant, and a transfer then comes after", async () => {
    expect(ledger.blocks.at(0)).toBeUndefined();
    const first = ledger.newestBlock();
    expect(first).toMatchObject({ number: 0, timestamp: 1_000, transaction: undefined });
    expect(ledger.newestBlock()).toBe(first);
    const { block } = await pay();
    expect(block).toMatchObject({ number: 1, timestamp: 1_000 });
    seconds += 60;
    expect(ledger.newestBlock()).toMatchObject({ number: 2, timestamp: 1_060 });
    expect(ledger.blocks.at(0)).toEqual(first);
    expect(wholeChain()).toHaveLength(3);
  });

  test("are the same when the ledger is opened again on its log", async () => {
    for (const step of [0, 0, 7, 1, 0]) {
      seconds += step;
      ledger.newestBlock();
      await pay();
      await pay();
    }
    const told = wholeChain();
    expect(told).toHaveLength(13);
    ledger.close();
    ledger = open();
    expect(wholeChain()).toEqual(told);
    expect((await pay()).block).toMatchObject({ number: 13, parentHash: told.at(-1)?.hash });
  });

  test.each(["goes on running", "is opened again"])(
    "keep what they said when the clock is set back and the ledger %s",
    async (how) => {
      seconds = 1_061;
      const told = ledger.newestBlock();
      if (how === "is opened again") {
        ledger.close();
        ledger = open();
      }
      seconds = 1_000;
      expect(ledger.now()).toBe(1_061);
      await expect(pay(1_061n)).rejects.toThrow("authorization is expired");
      expect(ledger.newestBlock()).toEqual(told);
      expect((await pay(1_062n)).block).toMatchObject({ number: 1, timestamp: 1_061 });
    },
  );

  test("take the instant by which the authorization was judged", async () => {
    const { block } = await pay(1_001n);
    expect(block.timestamp).toBe(1_000);
    ledger.close();
    let asked = 0;
    ledger = openLedger(file, domain, () => 1_000 + asked++);
    expect((await pay(1_001n)).block.timestamp).toBe(1_000);
  });

  test("are made for no transfer that is refused", async () => {
    await expect(pay(1_000n)).rejects.toThrow("authorization is expired");
    expect(ledger.blocks.at(0)).toBeUndefined();
    expect(readLog(file).map(({ kind }) => kind)).toEqual(["mint"]);
  });

  test("are given to the transfers of an older ledger's log, by the instants of its lines", async () => {
    ledger.close();
    const older = (at: string, transaction: string) => ({
      ...{ at, kind: "transfer", from: payer.address, to: payTo, value: "1" },
      ...{ nonce: randomNonce(), transaction },
    });
    const mint = { at: "1970-01-01T00:01:00.000Z", kind: "mint", accounts: payer.address, value: "1000" };
    const hashes = ["aa", "bb", "cc"].map((byte) => `0x${byte.repeat(32)}` as const);
    const instants = ["1970-01-01T00:02:00.999Z", "1970-01-01T00:01:59.000Z", "1970-01-01T00:02:01.000Z"];
    const lines = [mint, ...instants.map((at, index) => older(at, String(hashes[index])))];
    writeFileSync(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
    ledger = open();
    expect(ledger.balanceOf(payer.address)).toBe(997n);
    expect(wholeChain()).toMatchObject([
      { timestamp: 120, transaction: hashes[0] },
      { timestamp: 120, transaction: hashes[1] },
      { timestamp: 121, transaction: hashes[2] },
    ]);
    expect((await pay()).block).toMatchObject({ number: 3, timestamp: 1_000 });
    const told = wholeChain();
    ledger.close();
    ledger = open();
    expect(wholeChain()).toEqual(told);
  });

  test("are not guessed where a line of the log has no instant", () => {
    ledger.close();
    writeFileSync(file, `${JSON.stringify({ kind: "block" })}\n`);
    expect(open).toThrow("A line of the ledger's log has no instant.");
    rmSync(file);
    ledger = open();
  });
});
