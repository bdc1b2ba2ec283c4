// In an instance's process: what it holds open, listens to and keeps in memory.
import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Resources } from "../contract.ts";

/** A socket that was told to end is gone after some turns of the loop. */
const GONE_MS = 100;

export async function resourcesHeld(): Promise<Resources> {
  await sleep(GONE_MS);
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  if (typeof collect !== "function") throw new Error("Garbage cannot be collected.");
  // What the first round frees may hold more, by finalizers.
  for (let round = 0; round < 3; round += 1) {
    collect();
    await sleep(10);
  }
  const handles: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) handles[kind] = (handles[kind] ?? 0) + 1;
  const listeners = process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0);
  return { handles, listeners, heapBytes: process.memoryUsage().heapUsed };
}

/** What would keep the process alive, beside its pipe to the run. */
export async function handlesLeft(): Promise<string[]> {
  await sleep(GONE_MS);
  const held = process.getActiveResourcesInfo();
  return held.filter((kind) => kind.startsWith("TCP") || kind === "Timeout" || kind === "GetAddrInfoReqWrap");
}
