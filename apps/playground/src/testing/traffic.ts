// Buyers who never stop: each pays, repeats what was not answered as a client should, and remembers every answer.

import { setTimeout as sleep } from "node:timers/promises";
import { type Buyer, buyer } from "@tollbooth-stores/sandbox";
import type { PaymentRequired } from "@x402/core/types";
import { onTestFinished } from "vitest";
import { z } from "zod";
import type { TestSystem } from "./test-system.ts";

/** One answer to a request. */
export interface Answer {
  /** 0: the connection was lost, or the answer broken off. */
  status: number;
  /** The gateway's or the front's word for what went wrong. */
  error: string | undefined;
  retryAfter: string | undefined;
  instance: string | undefined;
}

/** One payment, and all answers until one was final. */
export interface Bought {
  /** As the ledger's and the facilitator's logs have it; the upstream's has it as the request. */
  nonce: string;
  answers: Answer[];
}

export interface Traffic {
  /** Everything that was answered so far. */
  bought(): readonly Bought[];
  /** Starts nothing new, and resolves once everything has its final answer. Rejects with what a buyer ran into. */
  stop(): Promise<readonly Bought[]>;
}

/** A payment signed and ready to be sent, any number of times; its nonce is the request's id. */
export interface Signed {
  nonce: string;
  headers: Record<string, string>;
}

const authorized = z.object({ authorization: z.object({ nonce: z.string() }) });
const problem = z.object({ error: z.string() });
/** As often as this a buyer asks again before it gives up. */
const mostAnswers = 40;

/** `count` payments for `url`, each with a nonce of its own. */
export async function signedPayments(client: Buyer, url: string, count: number, init?: RequestInit): Promise<Signed[]> {
  const price = await client.priceOf(url, init);
  return Promise.all(Array.from({ length: count }, () => signed(client, price)));
}

async function signed(client: Buyer, price: PaymentRequired): Promise<Signed> {
  const payment = await client.sign(price);
  const { nonce } = authorized.parse(payment.payload).authorization;
  return { nonce, headers: { ...client.headersOf(payment), "x-request-id": nonce } };
}

/** Sends it once, and reads the whole answer. */
export async function ask(url: string, init: RequestInit): Promise<Answer> {
  try {
    const response = await fetch(url, init);
    const body = await response.text();
    const said = response.ok ? undefined : problem.safeParse(JSON.parse(body)).data?.error;
    return {
      status: response.status,
      error: said,
      retryAfter: response.headers.get("retry-after") ?? undefined,
      instance: response.headers.get("x-instance") ?? undefined,
    };
  } catch {
    return { status: 0, error: undefined, retryAfter: undefined, instance: undefined };
  }
}

/** Asks until the answer is neither 503 nor a lost connection, after as long as it is told to wait. */
export async function askUntilAnswered(url: string, init: RequestInit): Promise<Answer[]> {
  const answers: Answer[] = [];
  while (answers.length < mostAnswers) {
    const answer = await ask(url, init);
    answers.push(answer);
    if (answer.status !== 503 && answer.status !== 0) break;
    await sleep(Number(answer.retryAfter ?? 0.1) * 1_000);
  }
  return answers;
}

/** `buyers` clients, each with a payer of its own, buy `path` one after the other without a pause, until the test ends. */
export async function startTraffic(
  system: TestSystem,
  path: string,
  buyers: number,
  init: RequestInit = {},
): Promise<Traffic> {
  const url = system.url(path);
  const bought: Bought[] = [];
  let stopped = false;
  const shoppers = await Promise.all(
    Array.from({ length: buyers }, async () => {
      const client = buyer(await system.payer());
      return { client, price: await client.priceOf(url, init) };
    }),
  );
  const shop = async ({ client, price }: (typeof shoppers)[number]) => {
    while (!stopped) {
      const { nonce, headers } = await signed(client, price);
      bought.push({ nonce, answers: await askUntilAnswered(url, { ...init, headers }) });
    }
  };
  const running = Promise.all(shoppers.map(shop));
  // Told by `stop`.
  running.catch(() => undefined);
  onTestFinished(() => {
    stopped = true;
  });
  return {
    bought: () => bought,
    async stop() {
      stopped = true;
      await running;
      return bought;
    },
  };
}
