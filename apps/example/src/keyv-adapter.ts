// What `provider: keyv` stores in: an adapter comes from code, never from a document. Put any other here.
import type { Environment, LoadOptions } from "@tollbooth-stores/config";

/** A file where KEYV_FILE names one, written at once; else this process's memory. */
export async function keyvAdapter(env: Environment): Promise<LoadOptions["keyv"]> {
  if (env.KEYV_FILE === undefined || env.KEYV_FILE === "") return new Map();
  const { KeyvFile } = await import("keyv-file");
  return new KeyvFile({ filename: env.KEYV_FILE, writeDelay: 0 });
}
