// Random lives of a payment on a real chain: no receipt without the money, and no `none` while the money could still move.
import { type Evm, openEvm, tokenAbi } from "@tollbooth-stores/evm";
import fc from "fast-check";
import { decodeFunctionResult, encodeFunctionData, type Hex } from "viem";
import { afterAll, beforeAll, expect, it } from "vitest";
import { AMOUNT, lookUp, newScene, payer, randomNonce, type Scene, VALID_SECONDS } from "./evm-scene.test-support.ts";

const stranger = "0x00000000000000000000000000000000000000cc";
const finality = 4;
let evm: Evm;
const tokens: Hex[] = [];

beforeAll(async () => {
  evm = await openEvm({ finalityBlocks: finality });
  tokens.push(await evm.deployToken(), await evm.deployToken({ transferFirst: true }));
  await evm.mine(2 * finality);
});
afterAll(() => evm.stop());

const event = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom("pay", "pay another", "pay less", "cancel", "fail") },
  { weight: 2, arbitrary: fc.constantFrom("pay beside another", "pay another beside another", "plain beside another") },
  { weight: 3, arbitrary: fc.constantFrom("reorganise 1", "reorganise 3") },
  { weight: 4, arbitrary: fc.constantFrom("block", "blocks", "a third of the time") },
);

/** One more event of the life; the hash of its transaction, if there is one. */
async function happen(name: string, scene: Scene, otherNonce: Hex): Promise<Hex | undefined> {
  const other = () => scene.transfer({ nonce: otherNonce });
  switch (name) {
    case "pay":
      return evm.send(await scene.transfer());
    case "pay another":
      return evm.send(await scene.transfer({ to: stranger }));
    case "pay less":
      return evm.send(await scene.transfer({ value: AMOUNT - 1n }));
    case "cancel":
      return evm.send(await scene.cancel());
    case "fail":
      return evm.send(await scene.transfer({ value: 10_000_000n }));
    case "pay beside another":
      return evm.sendBatch([await other(), await scene.transfer()]);
    case "pay another beside another":
      return evm.sendBatch([await other(), await scene.transfer({ to: stranger })]);
    case "plain beside another": {
      const args = [payer, stranger, AMOUNT] as const;
      const data = encodeFunctionData({ abi: tokenAbi, functionName: "transferFrom", args });
      return evm.sendBatch([{ to: scene.token, data }, await scene.transfer()]);
    }
    case "reorganise 1":
      await evm.request({ method: "anvil_reorg", params: [1, []] });
      return undefined;
    case "reorganise 3":
      await evm.request({ method: "anvil_reorg", params: [finality - 1, []] });
      return undefined;
    case "block":
      await evm.mine(1);
      return undefined;
    case "blocks":
      await evm.mine(finality);
      return undefined;
    default:
      await evm.mine(2, Number(VALID_SECONDS) / 3);
      return undefined;
  }
}

/** Whether this payment's own nonce has moved its amount: what the seller has, without what the other nonce brought. */
async function hasPaid({ token, payTo }: Scene, otherNonce: Hex): Promise<boolean> {
  const data = encodeFunctionData({ abi: tokenAbi, functionName: "authorizationState", args: [payer, otherNonce] });
  const state = await evm.request({ method: "eth_call", params: [{ to: token, data }, "latest"] });
  const [, digits] = /^0x([0-9a-f]+)$/.exec(String(state)) ?? [];
  const other = decodeFunctionResult({ abi: tokenAbi, functionName: "authorizationState", data: `0x${digits}` });
  const own = (await evm.balanceOf(token, payTo)) - (other ? AMOUNT : 0n);
  return own === AMOUNT;
}

it("a receipt means that the money is there to stay, and none that it never comes", { timeout: 60_000 }, async () => {
  const seen = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(
      fc.array(event, { minLength: 2, maxLength: 9 }),
      fc.boolean(),
      fc.boolean(),
      async (events, transferFirst, withEvidence) => {
        // What an earlier life left is final: no reorganisation of this one reaches it.
        await evm.mine(finality);
        const scene = await newScene(evm, tokens[Number(transferFirst)] ?? "0x");
        const otherNonce = randomNonce();
        let evidence: Hex | undefined;
        let ended: unknown;
        const ask = async () => {
          const found = await lookUp(evm, scene, { evidence, logRange: 20 });
          // An expired nonce can still be cancelled: then it is void, and until that is final a lookup rejects.
          if (Object(ended).none === "expired" && typeof found === "string") expect(found).toContain("not final");
          else if (Object(ended).none !== undefined) expect(found).toHaveProperty("none");
          else if (ended !== undefined) expect(found).toEqual(ended);
          else if (typeof found !== "string") ended = found;
        };
        for (const name of events) {
          const hash = await happen(name, scene, otherNonce);
          if (withEvidence) evidence = hash ?? evidence;
          await ask();
        }
        // Whatever was answered stays true, although the payment is sent again and all becomes final.
        await evm.send(await scene.transfer());
        await evm.mine(finality + 2, Number(VALID_SECONDS));
        await ask();
        const paid = await hasPaid(scene, otherNonce);
        const kind = ended === undefined ? "unknown" : JSON.stringify(ended).replace(/0x\w+/, "hash");
        // Only a plain transfer in the same transaction leaves the payment open.
        if (ended === undefined) expect(events).toContain("plain beside another");
        else expect([paid, kind]).toEqual([kind.includes("receipt"), kind]);
        seen.set(kind, (seen.get(kind) ?? 0) + 1);
      },
    ),
    { numRuns: 60 },
  );
  // The runs reach every answer.
  expect([...seen.keys()].sort()).toEqual(
    expect.arrayContaining(['{"none":"expired"}', '{"none":"void"}', '{"receipt":"hash"}']),
  );
});
