// That payOnce and reconcileUnresolved end a payment in doubt by what the chain says.
import { createStores, paymentFingerprint, payOnce, reconcileUnresolved } from "@tollbooth-stores/core";
import { mapPort } from "@tollbooth-stores/core/testing";
import { type Evm, openEvm } from "@tollbooth-stores/evm";
import { afterAll, beforeAll, expect, it } from "vitest";
import { AMOUNT, newScene, type Scene } from "./evm-scene.test-support.ts";
import { evmSettlements } from "./evm-settlements.ts";

let evm: Evm;
let scene: Scene;
beforeAll(async () => {
  evm = await openEvm();
});
afterAll(() => evm.stop());

/** A seller whose settlements move the money, or cancel the nonce, and whose answers are lost. */
async function shop(what: "transfer" | "cancel") {
  scene = await newScene(evm, await evm.deployToken());
  const store = createStores(mapPort()).verifications;
  const findSettlement = evmSettlements(evm);
  const { nonce, validBefore } = scene.authorization;
  const terms = { network: `eip155:${evm.chainId}`, asset: scene.token, amount: String(AMOUNT), payTo: scene.payTo };
  const payment = {
    key: nonce,
    payloadHash: nonce,
    fingerprint: paymentFingerprint({ ...terms, method: "GET", origin: "https://api.example", path: "/" }),
    validUntilMs: Number(validBefore) * 1_000,
    reference: scene.reference,
  };
  let settlements = 0;
  const buy = () =>
    payOnce(store, payment, {
      verify: async () => ({ ok: true }),
      serve: async () => "goods",
      async settle({ note }) {
        settlements += 1;
        await note(await evm.send(await scene[what]()));
        throw new Error("The facilitator's answer was lost.");
      },
      findSettlement,
    });
  return { buy, store, findSettlement, settlements: () => settlements };
}

it("a payment whose settlement's answer was lost is delivered once the transfer is final, and settled once", async () => {
  const { buy, settlements } = await shop("transfer");
  expect(await buy()).toMatchObject({ status: "pending" });
  await evm.mine(4);
  expect(await buy()).toMatchObject({ status: "paid", fresh: true, result: "goods" });
  expect(await evm.balanceOf(scene.token, scene.payTo)).toBe(AMOUNT);
  expect(settlements()).toBe(1);
});

it("a payment that was cancelled is rejected, and reconciled by a timer as well", async () => {
  const { buy, store, findSettlement } = await shop("cancel");
  expect(await buy()).toMatchObject({ status: "pending" });
  await evm.mine(4);
  expect(await reconcileUnresolved(store, findSettlement)).toMatchObject({ expired: 1, inDoubt: 0, failed: 0 });
  expect(await buy()).toMatchObject({ status: "rejected" });
});
