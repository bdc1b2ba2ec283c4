// A payment on a real chain, and what may become of it: for the tests of evmSettlements.
import type { FoundSettlement } from "@tollbooth-stores/core";
import { type Authorization, type Call, cancelCall, type Evm, payerAccount, transferCall } from "@tollbooth-stores/evm";
import type { Address, Hex } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { identifyPayment } from "../identify-payment.ts";
import { type EvmSettlementsOptions, evmSettlements } from "./evm-settlements.ts";
import { type EvmClient, Unproven } from "./rpc.ts";

export const AMOUNT = 100n;
export const VALID_SECONDS = 60n;
export const payer: Address = payerAccount.address;

export const randomNonce = (): Hex => `0x${crypto.randomUUID().replaceAll("-", "").repeat(2)}`;

/** An address that has no money yet. */
const newAddress = (): Address => privateKeyToAccount(randomNonce()).address;

export interface Scene {
  readonly token: Address;
  readonly payTo: Address;
  readonly authorization: Authorization;
  readonly reference: string;
  /** Call of this payment, or of another one by the same nonce. */
  transfer(change?: Partial<Authorization>): Promise<Call>;
  cancel(): Promise<Call>;
}

/** A payment of 100 to a new address, valid for a minute from the newest block on. */
export async function newScene(evm: Evm, token: Address, change: Partial<Authorization> = {}): Promise<Scene> {
  const now = await evm.now();
  const payTo = newAddress();
  const authorization: Authorization = {
    ...{ from: payer, to: payTo, value: AMOUNT, validAfter: now - 1n, validBefore: now + VALID_SECONDS },
    ...{ nonce: randomNonce(), ...change },
  };
  const { from, to, value, validAfter, validBefore, nonce } = authorization;
  const payload = {
    signature: `0x${"11".repeat(64)}1b`,
    authorization: {
      ...{ from, to, nonce, value: String(value), validAfter: String(validAfter), validBefore: String(validBefore) },
    },
  };
  const terms = { asset: token, amount: String(value), payTo, maxTimeoutSeconds: Number(VALID_SECONDS) };
  const identity = identifyPayment(
    payload,
    { scheme: "exact", network: `eip155:${evm.chainId}`, ...terms },
    Number(now) * 1_000,
  );
  if (identity.status !== "identified") throw new Error(identity.message);
  return {
    token,
    payTo,
    authorization,
    reference: identity.reference,
    transfer: async (other = {}) => ({
      to: token,
      data: await transferCall(token, evm.chainId, { ...authorization, ...other }),
    }),
    cancel: async () => ({ to: token, data: await cancelCall(token, evm.chainId, authorization.nonce) }),
  };
}

/** What findSettlement answers, and why where it found nothing out. */
export async function lookUp(
  client: EvmClient,
  { reference }: Pick<Scene, "reference">,
  { evidence, signal = new AbortController().signal, ...options }: EvmSettlementsOptions & LookUpContext = {},
): Promise<string | Exclude<FoundSettlement, "unknown">> {
  const reasons: string[] = [];
  const onUnknown = (reason: string) => reasons.push(reason);
  const found = await evmSettlements(client, { onUnknown, ...options })(evidence, { reference, signal }).catch(
    (error: unknown) => {
      if (!(error instanceof Unproven)) throw error;
      return `not asked: ${error.message}`;
    },
  );
  const [reason = ""] = reasons;
  if (typeof found !== "string") return found;
  // A chain that could not be asked is no "unknown": after a refusal that would let the refusal stand.
  return found === "unknown" || found === `not asked: ${reason}` ? reason : `${found} but ${reason}`;
}

export interface LookUpContext {
  readonly evidence?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A client in which some methods answer otherwise; and the methods that it was asked, in order. */
export function altered(
  evm: EvmClient,
  answers: Readonly<Record<string, (params: unknown, ask: () => Promise<unknown>) => unknown>> = {},
): { readonly client: EvmClient; readonly asked: readonly string[] } {
  const asked: string[] = [];
  const client: EvmClient = {
    async request({ method, params }: { method: string; params?: unknown }) {
      asked.push(method);
      const ask = () => evm.request({ method, params });
      const answer = answers[method];
      return answer === undefined ? ask() : answer(params, ask);
    },
  };
  return { client, asked };
}
