// Asks a JSON-RPC client, and reads the fields of its answers: what cannot be read proves nothing.

/**
 * The one call that is needed of a viem client, or of any other one of EIP-1193. It is called with `{ method, params }`, params being a
 * list. The type says less: viem's clients fit no type with `method` and `params` both with strictNullChecks and without.
 */
export interface EvmClient {
  request(args: object): Promise<unknown>;
}

/** Why nothing can be told, in words. */
export class Unproven extends Error {
  override name = "Unproven";
}

/** Nothing failed, and nothing is decided, such as for a payment that may still be settled. The lookup answers "unknown". */
export class NoFinding extends Unproven {}

export type Ask = (method: string, params: readonly unknown[]) => Promise<unknown>;

/** An answer that comes after the signal is left alone: EIP-1193 has no way to end a request. */
export function asking(client: EvmClient, signal: AbortSignal): Ask {
  return async (method, params) => {
    if (signal.aborted) throw outOfTime();
    let onAbort = () => {};
    const aborted = new Promise<never>((_, reject) => {
      onAbort = () => reject(outOfTime());
      signal.addEventListener("abort", onAbort, { once: true });
    });
    try {
      return await Promise.race([client.request({ method, params }), aborted]);
    } catch (error) {
      if (error instanceof Unproven) throw error;
      const hint = method === "eth_getLogs" ? " If it allows only fewer blocks at once, set logRange." : "";
      throw new Unproven(`The node answered ${method} with an error.${hint}`, { cause: error });
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  };
}

const outOfTime = () => new Unproven("The time for the lookup was over.");

export type Answer = Readonly<Record<string, unknown>>;

export function objectOf(value: unknown): Answer {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw unreadable();
  return { ...value };
}

export function listOf(value: unknown): readonly Answer[] {
  if (!Array.isArray(value)) throw unreadable();
  return value.map(objectOf);
}

/** Lower case. `bytes`: how many it must be, where that is known. */
export function hexOf(value: unknown, bytes?: number): string {
  if (typeof value !== "string" || !/^0x[0-9a-fA-F]*$/.test(value)) throw unreadable();
  if (bytes !== undefined && value.length !== 2 + 2 * bytes) throw unreadable();
  return value.toLowerCase();
}

export function quantityOf(value: unknown): bigint {
  const hex = hexOf(value);
  if (hex === "0x") throw unreadable();
  return BigInt(hex);
}

export const toQuantity = (value: bigint): string => `0x${value.toString(16)}`;

const unreadable = () => new Unproven("The node's answer has not the form of its method.");
