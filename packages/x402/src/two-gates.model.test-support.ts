// A model of two gates over one store, whose facilitator fails, lies and delays: everything in memory, by a seed.
import { createMemoryStores } from "@tollbooth-stores/memory";
import { payTo, simulatedChain } from "@tollbooth-stores/sandbox";
import { encodePaymentSignatureHeader } from "@x402/core/http";
import { type FacilitatorClient, type RoutesConfig, x402ResourceServer } from "@x402/core/server";
import type { SettleResponse } from "@x402/core/types";
import { ExactEvmScheme } from "@x402/evm/exact/server";
import { vi } from "vitest";
import { network, oneCent, origin, requestTo, required } from "./paid-routes.test-support.ts";
import { type PaidRoutes, paidRoutes } from "./paid-routes.ts";
import type { FindSettlement } from "./sdk-steps.ts";

export interface Choices {
  /** A whole number below `below`. */
  below(below: number): number;
  /** True in so many of a hundred cases. */
  percent(chance: number): boolean;
  oneOf<T>(values: readonly [T, ...T[]]): T;
}

/** The same choices for the same seed. */
export function choicesOf(seed: number): Choices {
  let state = (seed * 0x9e3779b1) >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (bound: number) => Math.floor(next() * bound);
  return {
    below,
    percent: (chance) => below(100) < chance,
    oneOf: (values) => values[below(values.length)] ?? values[0],
  };
}

const wait = (ms: number) => new Promise<void>((done) => setTimeout(done, ms));

/** One request of the payer's: when it was sent and what it heard. */
export interface Asked {
  readonly gate: number;
  readonly path: string;
  readonly collector: string | undefined;
  readonly sentAtMs: number;
  heardAtMs: number | undefined;
  status: number | undefined;
  error: string | undefined;
}

export interface Round {
  readonly asked: readonly Asked[];
  /** When money moved. */
  readonly chargedAtMs: number | undefined;
  /** What happened, with the milliseconds since the round began. */
  readonly log: readonly string[];
}

interface Ledger {
  readonly facilitator: FacilitatorClient;
  readonly findSettlement: FindSettlement;
  movedAtMs(): number | undefined;
  /** From now on nothing fails. */
  calm(): void;
}

function ledgerOf(choices: Choices, log: (line: string) => void): Ledger {
  let movedAtMs: number | undefined;
  let isCalm = false;
  let isGood = choices.percent(75);
  const transaction = `0x${"ab".repeat(32)}`;
  const move = () => {
    if (movedAtMs === undefined) log("money moves");
    movedAtMs ??= Date.now();
  };
  const late = async () => {
    if (!isCalm) await wait(choices.oneOf([0, 0, 5, 40, 200, 900, 2_000, 4_000]));
    if (!isCalm && choices.percent(20)) isGood = !isGood;
  };
  const refusal = (errorReason: string): SettleResponse => ({ success: false, transaction: "", network, errorReason });
  const settle = async (): Promise<SettleResponse> => {
    log("settle begins");
    await late();
    if (movedAtMs !== undefined) return refusal("invalid_exact_evm_nonce_already_used");
    const kind = isCalm
      ? "success"
      : choices.oneOf(["success", "refused", "lost before", "lost after", "slow", "empty", "unlisted"] as const);
    log(`settle: ${kind}`);
    switch (kind) {
      case "refused":
        return refusal("invalid_exact_evm_insufficient_balance");
      case "unlisted":
        return refusal("no_such_word");
      case "lost before":
        throw new Error("lost");
      case "lost after":
        move();
        throw new Error("lost");
      case "slow":
        setTimeout(move, choices.oneOf([100, 1_000, 5_000]));
        throw new Error("lost");
      case "empty":
        return { success: true, transaction: "", network };
      default:
        move();
        await late();
        return { success: true, transaction, network };
    }
  };
  const facilitator: FacilitatorClient = {
    getSupported: async () => ({ kinds: [{ x402Version: 2, scheme: "exact", network }], extensions: [], signers: {} }),
    async verify() {
      await late();
      if (movedAtMs !== undefined) return { isValid: false, invalidReason: "invalid_exact_evm_nonce_already_used" };
      if (!isCalm && choices.percent(15)) throw new Error("away");
      log(`verify: ${isGood || isCalm}`);
      return isGood || isCalm
        ? { isValid: true }
        : { isValid: false, invalidReason: "invalid_exact_evm_insufficient_balance" };
    },
    settle,
  };
  return {
    facilitator,
    async findSettlement() {
      if (!isCalm) await wait(choices.oneOf([0, 0, 50, 500]));
      if (!isCalm && choices.percent(10)) throw new Error("away");
      return movedAtMs === undefined ? "unknown" : { receipt: transaction };
    },
    movedAtMs: () => movedAtMs,
    calm() {
      isCalm = true;
    },
  };
}

const { address: asset, name, version } = simulatedChain.token;

/** A payment of one cent whose signature is not checked. */
async function paymentFor(gate: PaidRoutes): Promise<Record<string, string>> {
  const priced = await gate.handle(requestTo("/quote"), new Uint8Array(), async () => ({
    status: 200,
    headers: {},
    body: new Uint8Array(),
  }));
  const accepted = required(priced === undefined ? undefined : { headers: { ...priced.headers } }).accepts[0];
  if (accepted === undefined) throw new Error("The route has no price.");
  const seconds = Math.floor(Date.now() / 1_000);
  const authorization = {
    from: "0x857b06519E91e3A54538791bDbb0E22373e36b66",
    to: payTo,
    value: accepted.amount,
    validAfter: "0",
    validBefore: String(seconds + 110),
    nonce: `0x${"22".repeat(32)}`,
  };
  const payload = { signature: `0x${"11".repeat(64)}1b`, authorization };
  return { "payment-signature": encodePaymentSignatureHeader({ x402Version: 2, accepted, payload }) };
}

export interface RoundOptions {
  readonly paths: readonly [string, ...string[]];
  readonly collectors: readonly [string | undefined, ...(string | undefined)[]];
  /** In how many of a hundred rounds the second gate asks for another price. */
  readonly dearer: number;
}

/** One round. Fake timers are needed. */
export async function playRound(seed: number, { paths, collectors, dearer }: RoundOptions): Promise<Round> {
  const choices = choicesOf(seed);
  const startMs = Date.now();
  const log: string[] = [];
  const say = (line: string) => log.push(`${Date.now() - startMs} ${line}`);
  const ledger = ledgerOf(choices, say);
  const { findSettlement } = ledger;
  const stores = createMemoryStores();
  const routes = (price: string): RoutesConfig =>
    Object.fromEntries(
      ["/quote", "/same"].map((path) => [
        `GET ${path}`,
        { accepts: { ...oneCent, price: { asset, amount: price, extra: { name, version } } } },
      ]),
    );
  const order = choices.oneOf(["serve-then-settle", "serve-then-settle", "settle-then-serve"] as const);
  const isDearer = choices.percent(dearer);
  const gates = ["10000", isDearer ? "50000" : "10000"].map((price) =>
    paidRoutes(new x402ResourceServer(ledger.facilitator).register(network, new ExactEvmScheme()), routes(price), {
      store: stores.verifications,
      ...{ origin, findSettlement, order, leaseMs: 1_000 },
      collector: ({ adapter }) => adapter.getHeader("idempotency-key"),
    }),
  );
  const [first] = gates;
  if (first === undefined) throw new Error("No gate was made.");
  const payment = await paymentFor(first);
  say(`${order}${isDearer ? ", gate 1 is dearer" : ""}`);
  const asked: Asked[] = [];
  let isCalm = false;

  async function send(gate: number, path: string, collector: string | undefined): Promise<Asked> {
    const one: Asked = {
      gate,
      path,
      collector,
      sentAtMs: Date.now(),
      heardAtMs: undefined,
      status: undefined,
      error: undefined,
    };
    const id = asked.push(one) - 1;
    say(`#${id} sent to gate ${gate} ${path} ${collector ?? ""}`);
    const headers = { ...payment, ...(collector !== undefined && { "idempotency-key": collector }) };
    const serve = async () => {
      await wait(isCalm ? 0 : choices.oneOf([0, 10, 300]));
      const fails = !isCalm && choices.percent(10);
      return { status: fails ? 500 : 200, headers: {}, body: new TextEncoder().encode("sold") };
    };
    try {
      const answer = await gates[gate]?.handle(requestTo(path, headers), new Uint8Array(), serve);
      one.status = answer?.status;
      const text = new TextDecoder().decode(answer?.body);
      one.error = text.startsWith("{") ? String(JSON.parse(text).error ?? "") : undefined;
    } catch (error) {
      one.error = String(error);
    }
    one.heardAtMs = Date.now();
    say(`#${id} heard ${one.status} ${one.error ?? ""}`);
    return one;
  }

  const many = 2 + choices.below(5);
  const spread = choices.oneOf([50, 500, 3_000, 14_000]);
  const copies = Array.from({ length: many }, async () => {
    const [delay, gate, path, collector] = [
      choices.below(spread),
      choices.below(2),
      choices.oneOf(paths),
      choices.oneOf(collectors),
    ];
    await wait(delay);
    return send(gate, path, collector);
  });
  const whole = (async () => {
    await Promise.all(copies);
    ledger.calm();
    isCalm = true;
    await wait(11_000);
    say("calm");
    if (ledger.movedAtMs() !== undefined && !asked.some(({ status }) => status === 200)) {
      // Each request again, as its payer would.
      for (const { gate, path, collector } of [...asked]) {
        for (let times = 0; times < 3; times += 1) {
          const again = await send(gate, path, collector);
          if (again.status !== 503) break;
          await wait(2_000);
        }
      }
    }
  })();
  let over = false;
  const done = whole.finally(() => {
    over = true;
  });
  while (!over) await vi.advanceTimersByTimeAsync(250);
  await done;
  await stores.close();
  return { asked, chargedAtMs: ledger.movedAtMs(), log };
}
