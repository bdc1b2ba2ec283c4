// In a seller's process: how it talks to the run, and what it has under way.
import type { FromWorker, Question, ToWorker } from "./messages.ts";

const waiting = new Map<number, (message: ToWorker) => void>();
let asks = 0;
let underWay = 0;
let restedSince = performance.now();

type WithoutAsk<Q> = Q extends Question ? Omit<Q, "ask"> : never;

/** In the pipe when it returns, so that a kill that comes later does not lose it. */
export function send(message: FromWorker): void {
  process.send?.(message);
}

export function ask(question: WithoutAsk<Question>): Promise<ToWorker> {
  asks += 1;
  const number = asks;
  return new Promise((resolve) => {
    waiting.set(number, resolve);
    send({ ...question, ask: number });
  });
}

export function answered(message: Extract<ToWorker, { ask: number }>): void {
  waiting.get(message.ask)?.(message);
  waiting.delete(message.ask);
}

/** Counts as under way until it ends. */
export async function during<R>(work: () => Promise<R>): Promise<R> {
  underWay += 1;
  try {
    return await work();
  } finally {
    underWay -= 1;
    restedSince = performance.now();
  }
}

/** For how long nothing has been under way. */
export function restingMs(): number {
  return underWay > 0 ? 0 : performance.now() - restedSince;
}
