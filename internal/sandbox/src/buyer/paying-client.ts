// A buyer: asks, reads the price from the 402, signs it with the official x402 client, and asks again with the payment.
import { x402Client, x402HTTPClient } from "@x402/core/client";
import type { PaymentPayload, PaymentRequired } from "@x402/core/types";
import { ExactEvmScheme } from "@x402/evm/exact/client";
import type { PrivateKeyAccount } from "viem/accounts";

export interface Buyer {
  account: PrivateKeyAccount;
  /** What an unpaid request to `url` is asked for. Throws where the answer is no 402. */
  priceOf(url: string, init?: RequestInit): Promise<PaymentRequired>;
  /** The same of an answer that is there already. */
  readPrice(response: Response): Promise<PaymentRequired>;
  /** Signs; sends nothing. */
  sign(required: PaymentRequired): Promise<PaymentPayload>;
  /** The header that carries a signed payment. */
  headersOf(payment: PaymentPayload): Record<string, string>;
  /** Asks, signs and pays in one. */
  pay(url: string, init?: RequestInit): Promise<Response>;
}

/** The SDK's own spend controls stay on: only the network's USDC, and no more than a few dollars a payment. */
export function buyer(account: PrivateKeyAccount): Buyer {
  const http = new x402HTTPClient(new x402Client().register("eip155:*", new ExactEvmScheme(account)));
  const self: Buyer = {
    account,
    priceOf: async (url, init) => self.readPrice(await fetch(url, init)),
    async readPrice(response) {
      const body: unknown = await response.json();
      if (response.status !== 402) throw new Error(`Expected 402 from ${response.url}, got ${response.status}.`);
      return http.getPaymentRequiredResponse((name) => response.headers.get(name), body);
    },
    sign: (required) => http.createPaymentPayload(required),
    headersOf: (payment) => http.encodePaymentSignatureHeader(payment),
    async pay(url, init) {
      const payment = await self.sign(await self.priceOf(url, init));
      const headers = new Headers(init?.headers);
      for (const [name, value] of Object.entries(self.headersOf(payment))) headers.set(name, value);
      return fetch(url, { ...init, headers });
    },
  };
  return self;
}
