// The signer of the SDK's facilitator, made from a viem client: it reads from the chain, and sends transactions to it.
import { type FacilitatorEvmSigner, toFacilitatorEvmSigner, verifyTypedDataSignature } from "@x402/evm";
import type { Abi, Hex } from "viem";
import { z } from "zod";
import type { EvmClient } from "./evm-client.ts";

const typedData = z.record(z.string(), z.array(z.object({ name: z.string(), type: z.string() })));

/** How long a transaction may take to be in a block, in milliseconds. */
const confirmationTimeoutMs = 10_000;

/** `mined` is awaited after each receipt, before the facilitator goes on. */
export function facilitatorSigner(client: EvmClient, mined: () => Promise<void>): FacilitatorEvmSigner {
  let lastSent: Promise<unknown> = Promise.resolve();
  /** One transaction after the other: two at once would get the same number of this sender's. */
  const inTurn = (send: () => Promise<Hex>): Promise<Hex> => {
    const sent = lastSent.then(send);
    lastSent = sent.catch(() => undefined);
    return sent;
  };
  const signer: FacilitatorEvmSigner = toFacilitatorEvmSigner(
    {
      address: client.account.address,
      readContract: ({ abi, ...call }) => client.readContract({ ...call, abi: abiOf(abi) }),
      writeContract: ({ abi, ...call }) => inTurn(() => client.writeContract({ ...call, abi: abiOf(abi) })),
      sendTransaction: (call) => inTurn(() => client.sendTransaction(call)),
      async waitForTransactionReceipt(wait) {
        const receipt = await client.waitForTransactionReceipt(wait);
        await mined();
        return receipt;
      },
      verifyTypedData: ({ types, ...signed }) =>
        verifyTypedDataSignature(signer, { ...signed, types: typedData.parse(types) }),
      getCode: (of) => client.getCode(of),
    },
    { confirmationTimeoutMs },
  );
  return signer;
}

/** The SDK types its own ABIs as lists of anything. */
function abiOf(items: readonly unknown[]): Abi {
  if (!items.every(isAbiItem)) throw new TypeError("What was to be called has no ABI.");
  return items;
}

function isAbiItem(item: unknown): item is Abi[number] {
  if (typeof item !== "object" || item === null || !("type" in item)) return false;
  return ["function", "event", "error", "constructor", "fallback", "receive"].includes(String(item.type));
}
