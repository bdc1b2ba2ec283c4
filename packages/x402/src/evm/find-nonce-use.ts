// Finds the transaction that ended a nonce, in windows of blocks from the time when the payment began to be valid; then before it.
import type { Block, ChainView } from "./chain-view.ts";
import type { Eip3009Reference } from "./read-reference.ts";
import { Unproven } from "./rpc.ts";

export interface SearchBounds {
  readonly logRange: number;
  readonly maxLogRequests: number;
  readonly lookBackSeconds: number;
}

/**
 * A payment is used after `validAfter`, so the search begins there. It may have been cancelled earlier, so it goes on before, down to
 * `lookBackSeconds` before the end. Throws Unproven where no log is found: the nonce is known to be used, so an empty search says only
 * that the node lacks logs.
 */
export async function findNonceUse(
  chain: ChainView,
  payment: Eip3009Reference,
  final: Block,
  { logRange, maxLogRequests, lookBackSeconds }: SearchBounds,
): Promise<string> {
  const earliest = payment.validBefore - BigInt(lookBackSeconds);
  const range = BigInt(logRange);
  let requests = 0;
  async function inWindow(fromBlock: bigint, toBlock: bigint): Promise<string | undefined> {
    if (requests >= maxLogRequests) throw notFound();
    requests += 1;
    const [hash] = await chain.nonceUses(payment, fromBlock, toBlock);
    return hash;
  }

  const validFrom = payment.validAfter > earliest ? payment.validAfter : earliest;
  const start = await blockBefore(chain, final, validFrom, range);
  for (let first = start; first <= final.number; first += range) {
    const last = first + range - 1n;
    const hash = await inWindow(first, last < final.number ? last : final.number);
    if (hash !== undefined) return hash;
  }
  const floor = await blockBefore(chain, final, earliest, range);
  for (let end = start; end > floor; end -= range) {
    const first = end > range ? end - range : 0n;
    const hash = await inWindow(first, end - 1n);
    if (hash !== undefined) return hash;
  }
  throw notFound();
}

const notFound = () =>
  new Unproven(
    "The payment's nonce is used, and no log of it was found: the node lacks old logs, or lookBackSeconds, logRange or " +
      "maxLogRequests is too small.",
  );

/**
 * A block that is not later than the instant, and at most about `slack` blocks before it: first in steps back that grow four
 * times, then by halving. Some 40 requests at most on the longest chain.
 */
async function blockBefore(chain: ChainView, final: Block, since: bigint, slack: bigint): Promise<bigint> {
  let late = final.number;
  let early = final.number;
  let step = slack;
  for (let timestamp = final.timestamp; timestamp > since && early > 0n; step *= 4n) {
    late = early;
    early = early > step ? early - step : 0n;
    timestamp = (await chain.blockAt(early)).timestamp;
  }
  while (late - early > slack) {
    const middle = (late + early) / 2n;
    if ((await chain.blockAt(middle)).timestamp > since) late = middle;
    else early = middle;
  }
  return early;
}
