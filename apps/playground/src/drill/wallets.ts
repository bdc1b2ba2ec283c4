// The drill's payers: an account for each name, funded, and each payment of the plan signed once, whichever client presents it.
import {
  addressSchema,
  type Buyer,
  buyer,
  bytes32Schema,
  demoAccount,
  fundedAccounts,
  payerLabel,
} from "@tollbooth-stores/sandbox";
import type { PaymentPayload } from "@x402/core/types";
import { z } from "zod";
import type { RouteRules } from "./evidence.ts";
import type { Paying } from "./plan.ts";

export interface Wallets {
  /** The header that carries the request's payment, signed at the first call for it. */
  headersFor(request: Paying): Promise<Record<string, string>>;
  /** Who signed which payment, with which nonce. */
  readonly signed: ReadonlyMap<string, { payer: string; nonce: string }>;
}

interface SignedOnce {
  buyer: Buyer;
  payment: PaymentPayload;
}

const authorization = z.object({ authorization: z.object({ from: addressSchema, nonce: bytes32Schema }) });
/** Price lookups use a discard address (RFC 6666), so they use up no client's limit. */
const fromDiscardAddress = { "x-forwarded-for": "100::1" };
/** What a payer gets that the ledger did not fund at its start: 1,000 USDC. */
const minted = "1000000000";

/** `ledgerUrl`: the simulated ledger, which funds payers that are not among its own accounts. */
export function wallets(gatewayUrl: string, ledgerUrl: string, routes: ReadonlyMap<string, RouteRules>): Wallets {
  const signed = new Map<string, { payer: string; nonce: string }>();
  const once = new Map<string, Promise<SignedOnce>>();
  const payers = new Map<string, Promise<Buyer>>();
  let opened = 0;
  const prices = new Map<string, ReturnType<Buyer["priceOf"]>>();

  const open = async (index: number): Promise<Buyer> => {
    if (index < fundedAccounts) return buyer(demoAccount(payerLabel(index)));
    const account = demoAccount(`drill payer ${index}`);
    const body = JSON.stringify({ account: account.address, value: minted });
    const headers = { "content-type": "application/json" };
    const answer = await fetch(`${ledgerUrl}/admin/mint`, { method: "POST", headers, body });
    if (!answer.ok) throw new Error(`The ledger does not fund a payer: ${answer.status}.`);
    return buyer(account);
  };
  const sign = async (request: Paying): Promise<SignedOnce> => {
    const client = await remembered(payers, request.payer, () => {
      opened += 1;
      return open(opened - 1);
    });
    const method = routes.get(request.route)?.method ?? "GET";
    const price = await remembered(prices, request.route, () =>
      client.priceOf(`${gatewayUrl}${request.route}`, { method, headers: fromDiscardAddress }),
    );
    const payment = await client.sign(price);
    const { from, nonce } = authorization.parse(payment.payload).authorization;
    signed.set(request.payment, { payer: from, nonce });
    return { buyer: client, payment };
  };
  return {
    signed,
    async headersFor(request) {
      const { buyer: client, payment } = await remembered(once, request.payment, () => sign(request));
      return client.headersOf(payment);
    },
  };
}

/** What `make` promised the first time; a failure is not remembered. */
function remembered<T>(known: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
  const before = known.get(key);
  if (before !== undefined) return before;
  const made = make();
  known.set(key, made);
  made.catch(() => known.delete(key));
  return made;
}
