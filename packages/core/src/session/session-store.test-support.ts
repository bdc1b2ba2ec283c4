// For tests: a session store on a Map port with a clock to step.
import { isStoreError } from "../errors.ts";
import { type ManualClock, type MapPort, manualClock, mapPort } from "../testing.ts";
import { createSessionStore } from "./create-session-store.ts";
import type { SessionStore } from "./session-store.ts";

export const minute = 60_000;
export const hour = 3_600_000;
export const day = 86_400_000;

export interface StoreWorld {
  clock: ManualClock;
  port: MapPort;
  store: SessionStore<{ n: number }>;
}

export function storeWorld(): StoreWorld {
  const clock = manualClock();
  const port = mapPort(clock);
  return { clock, port, store: createSessionStore<{ n: number }>(port, { defaults: { idleTtlMs: 15 * minute } }) };
}

export async function collected<R>(list: AsyncIterable<R>): Promise<R[]> {
  const all: R[] = [];
  for await (const one of list) all.push(one);
  return all;
}

export function code(expected: string): (error: unknown) => boolean {
  return (error) => isStoreError(error) && error.code === expected;
}
