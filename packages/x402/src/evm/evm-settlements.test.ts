// That a lookup on a real chain answers what certainly became of a payment, and "unknown" for all else.
import { type Evm, openEvm, tokenAbi, transferCall } from "@tollbooth-stores/evm";
import { createPublicClient, encodeFunctionData, type Hex, http } from "viem";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { AMOUNT, altered, lookUp, newScene, payer, randomNonce, VALID_SECONDS } from "./evm-scene.test-support.ts";
import { evmSettlements } from "./evm-settlements.ts";
import { Unproven } from "./rpc.ts";

const stranger = "0x00000000000000000000000000000000000000bb";
const finality = 4;
let evm: Evm;
let circle: Hex;
let transferFirst: Hex;

beforeAll(async () => {
  evm = await openEvm({ finalityBlocks: finality });
  circle = await evm.deployToken();
  transferFirst = await evm.deployToken({ transferFirst: true });
});
afterAll(() => evm.stop());

const notFinal = "The payment's transaction is not final yet.";
const stillOpen = "The payment may still be settled: no final block is later than its end.";
const ambiguous = "In its transaction the payment's transfer cannot be told from others.";
const signal = new AbortController().signal;

describe("a payment", () => {
  it("is settled once its transaction is final, and not before", async () => {
    const scene = await newScene(evm, circle);
    const receipt = await evm.send(await scene.transfer());
    await evm.mine(finality - 1);
    expect(await lookUp(evm, scene)).toBe(notFinal);
    await evm.mine(1);
    expect(await lookUp(evm, scene)).toEqual({ receipt });
  });

  it("is unknown while its nonce is unused in the newest block; one that is not final rejects", async () => {
    const scene = await newScene(evm, circle);
    const find = evmSettlements(evm);
    const context = { reference: scene.reference, signal };
    expect(await find(undefined, context)).toBe("unknown");
    await evm.send(await scene.transfer());
    await expect(find(undefined, context)).rejects.toThrow(notFinal);
  });

  it("is void once its nonce is finally cancelled", async () => {
    const scene = await newScene(evm, circle);
    await evm.send(await scene.cancel());
    await evm.mine(finality - 1);
    expect(await lookUp(evm, scene)).toBe(notFinal);
    await evm.mine(1);
    expect(await lookUp(evm, scene)).toEqual({ none: "void" });
  });

  it("is void where it was cancelled before it began to be valid", async () => {
    const now = await evm.now();
    const scene = await newScene(evm, circle, { validAfter: now + 40n });
    await evm.mine(8, 2);
    await evm.send(await scene.cancel());
    await evm.mine(12, 5);
    for (const logRange of [1, 3, 7])
      expect(await lookUp(evm, scene, { logRange, maxLogRequests: 40 })).toEqual({ none: "void" });
    expect(await lookUp(evm, scene, { logRange: 1, maxLogRequests: 40, lookBackSeconds: 20 })).toContain(
      "no log of it",
    );
  });

  it.each([
    ["recipient", { to: stranger }],
    ["amount", { value: AMOUNT - 1n }],
  ] as const)("is void once its nonce has finally paid another %s", async (_, change) => {
    const scene = await newScene(evm, circle);
    await evm.send(await scene.transfer(change));
    expect(await lookUp(evm, scene)).toBe(notFinal);
    await evm.mine(finality);
    expect(await lookUp(evm, scene)).toEqual({ none: "void" });
  });

  it("has expired once a final block is later than its end, and not at its end or by the newest block", async () => {
    const scene = await newScene(evm, circle);
    const { validBefore } = scene.authorization;
    await evm.request({ method: "evm_setNextBlockTimestamp", params: [Number(validBefore)] });
    await evm.mine(1 + finality);
    expect(await evm.now()).toBeGreaterThan(validBefore);
    expect(await lookUp(evm, scene)).toBe(stillOpen);
    await evm.mine(1);
    expect(await lookUp(evm, scene)).toEqual({ none: "expired" });
  });

  it("whose failed transaction is final has still only expired", async () => {
    const scene = await newScene(evm, circle);
    const failed = await evm.send(await scene.transfer({ value: 10_000_000n }));
    await evm.mine(finality);
    expect(await lookUp(evm, scene, { evidence: failed })).toBe(stillOpen);
    await evm.mine(finality + 2, Number(VALID_SECONDS));
    expect(await lookUp(evm, scene, { evidence: failed })).toEqual({ none: "expired" });
  });

  it("that a reorganisation took away is open again, and can then be void", async () => {
    const scene = await newScene(evm, circle);
    const evidence = await evm.send(await scene.transfer());
    expect(await lookUp(evm, scene, { evidence })).toBe(notFinal);
    await evm.request({ method: "anvil_reorg", params: [1, []] });
    expect(await lookUp(evm, scene, { evidence })).toBe(stillOpen);
    await evm.send(await scene.cancel());
    await evm.mine(finality);
    expect(await lookUp(evm, scene, { evidence })).toEqual({ none: "void" });
  });
});

describe.each([
  ["Circle's order of logs", () => circle],
  ["the transfer's log first", () => transferFirst],
] as const)("in a transaction with another payment, by %s, a payment", (_, token) => {
  it("is settled if its own transfer paid", async () => {
    const scene = await newScene(evm, token());
    const other = await scene.transfer({ nonce: randomNonce() });
    const elsewhere = await scene.transfer({ nonce: randomNonce(), to: stranger });
    const receipt = await evm.sendBatch([elsewhere, await scene.transfer(), other]);
    await evm.mine(finality);
    expect(await lookUp(evm, scene)).toEqual({ receipt });
  });

  it.each([0, 1])("is void if only the other one's transfer paid, at place %d", async (place) => {
    const scene = await newScene(evm, token());
    const calls = [await scene.transfer({ to: stranger })];
    calls.splice(place, 0, await scene.transfer({ nonce: randomNonce() }));
    await evm.sendBatch(calls);
    await evm.mine(finality);
    expect(await evm.balanceOf(token(), scene.payTo)).toBe(AMOUNT);
    expect(await lookUp(evm, scene)).toEqual({ none: "void" });
  });

  it("is not settled by a plain transfer beside it", async () => {
    const scene = await newScene(evm, token());
    const plain = {
      to: token(),
      data: encodeFunctionData({ abi: tokenAbi, functionName: "transferFrom", args: [payer, scene.payTo, AMOUNT] }),
    };
    await evm.sendBatch([plain, await scene.transfer({ to: stranger }), plain]);
    await evm.mine(finality);
    expect(await lookUp(evm, scene)).toBe(ambiguous);
  });
});

describe("evidence", () => {
  it("saves the search of logs", async () => {
    const scene = await newScene(evm, circle);
    const evidence = await evm.send(await scene.transfer());
    const { client, asked } = altered(evm);
    expect(await lookUp(client, scene, { evidence })).toBe(notFinal);
    await evm.mine(finality);
    expect(await lookUp(client, scene, { evidence })).toEqual({ receipt: evidence });
    expect(asked).not.toContain("eth_getLogs");
  });

  it("that is another transaction, or no hash, proves nothing", async () => {
    const scene = await newScene(evm, circle);
    const others = await newScene(evm, circle, { to: scene.payTo });
    const evidence = await evm.send(await others.transfer());
    await evm.mine(finality);
    expect(await lookUp(evm, scene, { evidence })).toBe(stillOpen);
    expect(await lookUp(evm, scene, { evidence: "paid" })).toBe(stillOpen);
    const receipt = await evm.send(await scene.transfer());
    await evm.mine(finality);
    expect(await lookUp(evm, scene, { evidence })).toEqual({ receipt });
  });

  it("of the same nonce for another token proves nothing", async () => {
    const scene = await newScene(evm, circle);
    const data = await transferCall(transferFirst, evm.chainId, scene.authorization);
    const evidence = await evm.send({ to: transferFirst, data });
    await evm.mine(finality);
    expect(await lookUp(evm, scene, { evidence })).toBe(stillOpen);
  });
});

describe("confirmations", () => {
  it("take the place of the chain's own mark", async () => {
    const scene = await newScene(evm, circle);
    const receipt = await evm.send(await scene.transfer());
    expect(await lookUp(evm, scene, { confirmations: 1 })).toBe(notFinal);
    await evm.mine(1);
    expect(await lookUp(evm, scene, { confirmations: 1 })).toEqual({ receipt });
    expect(await lookUp(evm, scene)).toBe(notFinal);
    expect(await lookUp(evm, scene, { confirmations: 1_000_000 })).toBe("The chain is shorter than `confirmations`.");
  });
});

describe("a search of logs", () => {
  it("asks for windows of blocks, from the payment's beginning on, and gives up in time", async () => {
    await evm.mine(40);
    const scene = await newScene(evm, circle);
    await evm.mine(10);
    const receipt = await evm.send(await scene.transfer());
    await evm.mine(40);
    const windows: number[] = [];
    const starts: number[] = [];
    const { client, asked } = altered(evm, {
      eth_getLogs: (params, ask) => {
        const [{ fromBlock, toBlock }] = Array.isArray(params) ? params : [];
        windows.push(Number(toBlock) - Number(fromBlock) + 1);
        starts.push(Number(fromBlock));
        return ask();
      },
    });
    expect(await lookUp(client, scene, { logRange: 5 })).toEqual({ receipt });
    expect(windows).toEqual([5, 5, 5].slice(0, windows.length));
    expect(starts).toEqual(windows.map((_, index) => Number(starts[0]) + 5 * index));
    expect(windows.length).toBeGreaterThanOrEqual(2);
    expect(asked.length).toBeLessThan(20);
    windows.length = 0;
    expect(await lookUp(client, scene, { logRange: 2, maxLogRequests: 3 })).toContain("no log of it was found");
    expect(windows).toEqual([2, 2, 2]);
  });

  it("begins no earlier than lookBackSeconds before the end", async () => {
    const scene = await newScene(evm, circle, { validAfter: 0n });
    const receipt = await evm.send(await scene.transfer());
    await evm.mine(40);
    // The first block is one to three before the instant.
    const search = { logRange: 3, maxLogRequests: 2 };
    expect(await lookUp(evm, scene, { ...search, lookBackSeconds: Number(VALID_SECONDS) })).toEqual({ receipt });
    expect(await lookUp(evm, scene, { ...search, lookBackSeconds: Number(VALID_SECONDS) - 20 })).toContain(
      "no log of it was found",
    );
  });
});

describe("a node", () => {
  async function settled() {
    const scene = await newScene(evm, circle);
    const receipt = await evm.send(await scene.transfer());
    await evm.mine(finality + 2, Number(VALID_SECONDS));
    return { scene, receipt };
  }

  it("that has lost its old logs leaves a used nonce unknown", async () => {
    const { scene } = await settled();
    const { client } = altered(evm, { eth_getLogs: () => [] });
    expect(await lookUp(client, scene)).toContain("no log of it was found");
  });

  it("that is on a branch that was left proves nothing", async () => {
    const { scene, receipt } = await settled();
    const { client } = altered(evm, {
      eth_getTransactionReceipt: async (_, ask) => ({ ...Object(await ask()), blockHash: `0x${"ab".repeat(32)}` }),
    });
    const expected = "The payment's transaction is not in the chain's own block.";
    expect(await lookUp(client, scene)).toBe(expected);
    expect(await lookUp(client, scene, { evidence: receipt })).toBe(expected);
  });

  it("that answers a failed transaction, or another one, proves nothing", async () => {
    const { scene, receipt } = await settled();
    const change = (fields: object) =>
      altered(evm, { eth_getTransactionReceipt: async (_, ask) => ({ ...Object(await ask()), ...fields }) }).client;
    const lost = "The node has a log of the payment, but not its transaction.";
    expect(await lookUp(change({ status: "0x0" }), scene, { evidence: receipt })).toBe(lost);
    const another = change({ transactionHash: `0x${"ab".repeat(32)}` });
    expect(await lookUp(another, scene)).toBe("The node answered another transaction.");
    expect(await lookUp(change({ logs: [] }), scene)).toBe("The node's logs and its transaction differ.");
  });

  it("that fails is told with its error, and the lookup rejects without it: it may hold a URL", async () => {
    const { scene } = await settled();
    const failure = new Error("https://node.example/key is away");
    const { client } = altered(evm, {
      eth_call: () => {
        throw failure;
      },
    });
    const onUnknown = vi.fn();
    const looking = evmSettlements(client, { onUnknown })(undefined, { reference: scene.reference, signal });
    const error: unknown = await looking.catch((thrown: unknown) => thrown);
    expect(onUnknown).toHaveBeenCalledExactlyOnceWith(expect.any(String), failure);
    expect([error, Object(error).cause]).toEqual([expect.any(Unproven), undefined]);
  });

  it("may answer the logs of a transaction in any order", async () => {
    const scene = await newScene(evm, circle);
    await evm.sendBatch([await scene.transfer({ nonce: randomNonce() }), await scene.transfer({ to: stranger })]);
    await evm.mine(finality);
    const { client } = altered(evm, {
      eth_getTransactionReceipt: async (_, ask) => {
        const answer = Object(await ask());
        return { ...answer, logs: [2, 1, 0, 3].map((place) => answer.logs[place]) };
      },
    });
    expect(await lookUp(client, scene)).toEqual({ none: "void" });
  });

  it("that does not have the final block cannot tell that a nonce is unused", async () => {
    const scene = await newScene(evm, circle);
    await evm.mine(finality + 2, Number(VALID_SECONDS));
    expect(await lookUp(evm, scene)).toEqual({ none: "expired" });
    const { client } = altered(evm, {
      eth_getBlockByNumber: async (_, ask) => ({ ...Object(await ask()), hash: `0x${"ab".repeat(32)}` }),
    });
    expect(await lookUp(client, scene)).toContain("The node answered eth_call with an error.");
  });

  it.each([
    ["no token at all", "0x"],
    ["no answer of EIP-3009", `0x${"00".repeat(31)}02`],
    ["too long an answer", `0x${"00".repeat(64)}`],
  ])("that has %s cannot tell that a nonce is unused", async (_, state) => {
    const scene = await newScene(evm, circle);
    await evm.mine(finality + 2, Number(VALID_SECONDS));
    const { client } = altered(evm, { eth_call: () => state });
    expect(await lookUp(client, scene)).toBeTypeOf("string");
  });

  it.each(["eth_chainId", "eth_getBlockByNumber", "eth_call", "eth_getLogs", "eth_getTransactionReceipt"])(
    "that fails at %s, or answers nothing or nonsense, leaves all unknown",
    async (method) => {
      const { scene } = await settled();
      const failing = altered(evm, {
        [method]: () => {
          throw new Error("429 Too Many Requests");
        },
      });
      expect(await lookUp(failing.client, scene)).toContain(`The node answered ${method} with an error.`);
      for (const nonsense of [null, undefined, {}, "0xzz", "0x", 7, [{}]]) {
        expect(await lookUp(altered(evm, { [method]: () => nonsense }).client, scene)).toBeTypeOf("string");
      }
    },
  );

  it("that does not answer in time leaves all unknown", async () => {
    const { scene } = await settled();
    const controller = new AbortController();
    const { client } = altered(evm, {
      eth_call: () => {
        controller.abort();
        return new Promise(() => {});
      },
    });
    expect(await lookUp(client, scene, { signal: controller.signal })).toBe("The time for the lookup was over.");
    const { client: unused, asked } = altered(evm);
    await lookUp(unused, scene, { signal: AbortSignal.abort() });
    expect(asked).toEqual([]);
  });

  it("of another chain is an error of configuration", async () => {
    const { scene } = await settled();
    const { client } = altered(evm, { eth_chainId: () => "0x1" });
    await expect(lookUp(client, scene)).rejects.toMatchObject({
      code: "STORE_CONFIG",
      message: expect.stringContaining("a client for each network by its name"),
    });
  });
});

describe("evmSettlements", () => {
  it("takes viem's clients, one or one for each network", async () => {
    const scene = await newScene(evm, circle);
    const receipt = await evm.send(await scene.transfer());
    await evm.mine(finality);
    const client = createPublicClient({ transport: http(evm.url) });
    const context = { reference: scene.reference, signal };
    expect(await evmSettlements(client)(undefined, context)).toEqual({ receipt });
    expect(await evmSettlements({ [`eip155:${evm.chainId}`]: client })(undefined, context)).toEqual({ receipt });
    expect(await evmSettlements({ "eip155:1": client })(undefined, context)).toBe("unknown");
  });

  it.each(["permit2", "svm"])("looks up no payment of the scheme %s", async (scheme) => {
    const { reference } = await newScene(evm, circle);
    const other = JSON.stringify({ ...JSON.parse(reference), scheme });
    expect(await lookUp(evm, { reference: other })).toBe("Only payments by EIP-3009 are looked up.");
  });

  it.each([
    ["no reference", undefined],
    ["a damaged reference", "{"],
    ["a reference without fields", "null"],
    ["a reference that lacks fields", JSON.stringify({ scheme: "eip3009", network: "eip155:1" })],
  ])("answers unknown for %s, and asks nothing", async (_, reference) => {
    const { client, asked } = altered(evm);
    expect(await evmSettlements(client)(undefined, { reference, signal })).toBe("unknown");
    expect(asked).toEqual([]);
  });

  it.each(["confirmations", "logRange", "maxLogRequests", "lookBackSeconds"])("refuses a wrong %s", (option) => {
    for (const value of [0, -1, 1.5, Number.NaN]) {
      expect(() => evmSettlements(evm, { [option]: value })).toThrow(`${option} must be a whole number, 1 or more.`);
    }
  });

  it("refuses networks that no payment has, and an empty map", () => {
    expect(() => evmSettlements({})).toThrow("needs a client");
    expect(() => evmSettlements({ base: evm })).toThrow('must be named as "eip155:8453" is');
  });
});
