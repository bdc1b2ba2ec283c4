// payOnce's findSettlement for EIP-3009 payments on EVM chains: asks the chain itself, at a block that is final.
import { type FindContext, type FoundSettlement, StoreError } from "@tollbooth-stores/core";
import { checkArguments, type OptionNames, requireKnownOptions } from "@tollbooth-stores/core/native";
import { type Block, type ChainView, chainView, type Receipt } from "./chain-view.ts";
import { findNonceUse } from "./find-nonce-use.ts";
import { judgeNonceUse } from "./judge-nonce-use.ts";
import { type Eip3009Reference, readReference } from "./read-reference.ts";
import { type EvmClient, NoFinding, Unproven } from "./rpc.ts";

/** A client for each network, by its CAIP-2 name: `{ "eip155:8453": client }`. */
export type EvmClients = Readonly<Record<string, EvmClient>>;

export interface EvmSettlementsOptions {
  /**
   * A block with so many above it is taken for final. A whole number of 1 or more; for all networks alike. Default: what the chain
   * marks as `finalized`. Give it where a chain has no such mark, or where minutes are too long and a deep reorganisation of
   * the chain is a risk that you take.
   */
  readonly confirmations?: number | undefined;
  /** Blocks in one `eth_getLogs`: as many as the provider allows. 1 or more. Default 1,000. */
  readonly logRange?: number | undefined;
  /** Calls of `eth_getLogs` for one lookup. 1 or more. Default 20. A settlement not found by then is "unknown". */
  readonly maxLogRequests?: number | undefined;
  /**
   * How long before its end a payment may have been settled or cancelled, in seconds: the search goes back no further, even if
   * `validAfter` is earlier. 1 or more. Default 3,600. Above `maxTimeoutSeconds` of all your routes is enough.
   */
  readonly lookBackSeconds?: number | undefined;
  /** Told why a lookup found nothing out. `cause`: the client's own error, where there is one; it may hold a URL. */
  readonly onUnknown?: ((reason: string, cause: unknown) => void) | undefined;
}

const optionNames: OptionNames<EvmSettlementsOptions> = {
  confirmations: true,
  logRange: true,
  maxLogRequests: true,
  lookBackSeconds: true,
  onUnknown: true,
};

/** For `findSettlement` of payOnce and of `reconcileUnresolved`. */
export type EvmSettlements = (
  evidence: string | undefined,
  context: Pick<FindContext, "reference" | "signal">,
) => Promise<FoundSettlement>;

/**
 * Finds what became of an `exact` payment by EIP-3009, by the `reference` that `identifyPayment` wrote. It only reads, so it may be
 * repeated at will, and run in several processes at once. `clients`: viem's PublicClient or any other client with EIP-1193's
 * `request`; one for a seller on one network, or one for each network.
 *
 * - `{ receipt }`, the transaction's hash: in a final block a transaction that succeeded used this payment's nonce, and by that
 *   moved this amount to this payTo.
 * - `{ none: "void" }`: in a final block the nonce was cancelled, or used for another recipient or amount.
 * - `{ none: "expired" }`: a final block is later than validBefore, and in its state the nonce is unused.
 * - "unknown": it may still be settled, and has not been: the nonce is unused in the newest block. Or Permit2 and other chains,
 *   of which nothing can be found out here.
 *
 * Rejects where the chain could not be asked: a settlement that is not final yet, a node that fails, lags or has lost its old logs, an
 * aborted signal. `payOnce` takes it for "unknown". Ask again later; after a failure for good, `resolvePayment` is left.
 * Throws STORE_CONFIG for wrong options at once, and at a lookup where a client is one of another chain.
 */
export function evmSettlements(clients: EvmClient | EvmClients, options: EvmSettlementsOptions = {}): EvmSettlements {
  const clientOf = checkArguments("evmSettlements", () => {
    requireSettlementsOptions(options);
    return clientFor(clients);
  });
  const { confirmations, logRange = 1_000, maxLogRequests = 20, lookBackSeconds = 3_600, onUnknown } = options;
  const knownChains = new WeakMap<EvmClient, bigint>();

  return async (evidence, { reference, signal }) => {
    try {
      const payment = readReference(reference);
      const chain = chainView(clientOf(payment.network), signal);
      await requireChain(chain, payment);
      return await lookUp(chain, payment, evidence);
    } catch (error) {
      if (!(error instanceof Unproven)) throw error;
      onUnknown?.(error.message, error.cause);
      if (error instanceof NoFinding) return "unknown";
      // Without the cause, which may hold the node's URL.
      throw new Unproven(error.message);
    }
  };

  async function lookUp(
    chain: ChainView,
    payment: Eip3009Reference,
    evidence: string | undefined,
  ): Promise<FoundSettlement> {
    const final = await chain.finalBlock(confirmations);
    const noted = await receiptOfEvidence(chain, payment, evidence);
    if (noted !== undefined) return judged(chain, payment, final, noted);
    if (!(await chain.isNonceUsed(payment, final))) {
      if (final.timestamp > payment.validBefore) return { none: "expired" };
      if (await chain.isNonceUsed(payment, await chain.newestBlock())) throw notFinal();
      throw new NoFinding("The payment may still be settled: no final block is later than its end.");
    }
    const hash = await findNonceUse(chain, payment, final, { logRange, maxLogRequests, lookBackSeconds });
    const found = await chain.receipt(hash);
    if (found === undefined) throw new Unproven("The node has a log of the payment, but not its transaction.");
    return judged(chain, payment, final, found);
  }

  /** A node behind a balancer may be on a branch that was left. So the block is compared with the chain's own of that number. */
  async function judged(
    chain: ChainView,
    payment: Eip3009Reference,
    final: Block,
    receipt: Receipt,
  ): Promise<FoundSettlement> {
    if (receipt.blockNumber > final.number) throw notFinal();
    const { hash } = await chain.blockAt(receipt.blockNumber);
    if (hash !== receipt.blockHash) throw new Unproven("The payment's transaction is not in the chain's own block.");
    const use = judgeNonceUse(receipt, payment);
    if (use === "none") throw new Unproven("The node's logs and its transaction differ.");
    if (use === "ambiguous")
      throw new Unproven("In its transaction the payment's transfer cannot be told from others.");
    return use === "ours" ? { receipt: receipt.hash } : { none: "void" };
  }

  async function requireChain(chain: ChainView, { network }: Eip3009Reference): Promise<void> {
    const client = clientOf(network);
    const chainId = knownChains.get(client) ?? (await chain.chainId());
    knownChains.set(client, chainId);
    if (network !== `eip155:${chainId}`) {
      throw wrongOptions(
        "A payment's network is another than that of its client. Give evmSettlements a client for each network by its name.",
      );
    }
  }
}

function requireSettlementsOptions(options: EvmSettlementsOptions): void {
  requireKnownOptions(options, optionNames);
  const { onUnknown, ...numbers } = options;
  if (onUnknown !== undefined && typeof onUnknown !== "function") throw wrongOptions("onUnknown must be a function.");
  for (const [name, value] of Object.entries(numbers)) {
    if (value === undefined || (Number.isSafeInteger(value) && value >= 1)) continue;
    throw wrongOptions(`${name} must be a whole number, 1 or more.`);
  }
}

/** The transaction that was noted, if it used the nonce. A failed one, or another one, proves nothing. */
async function receiptOfEvidence(
  chain: ChainView,
  payment: Eip3009Reference,
  evidence = "",
): Promise<Receipt | undefined> {
  if (!/^0x[0-9a-fA-F]{64}$/.test(evidence)) return undefined;
  const receipt = await chain.receipt(evidence);
  return receipt !== undefined && judgeNonceUse(receipt, payment) !== "none" ? receipt : undefined;
}

function clientFor(clients: EvmClient | EvmClients): (network: string) => EvmClient {
  if (isClient(clients)) return () => clients;
  const isMap = typeof clients === "object" && clients !== null && !Array.isArray(clients);
  const byNetwork = new Map(isMap ? Object.entries(clients) : []);
  if (byNetwork.size === 0 || ![...byNetwork.values()].every(isClient)) {
    throw wrongOptions("needs a client with `request`, or one for each network by its name.");
  }
  for (const network of byNetwork.keys()) {
    if (!/^eip155:[1-9]\d*$/.test(network)) {
      throw wrongOptions('its networks must be named as "eip155:8453" is.');
    }
  }
  return (network) => {
    const client = byNetwork.get(network);
    if (client === undefined) throw new NoFinding("evmSettlements has no client for the payment's network.");
    return client;
  };
}

const notFinal = () => new Unproven("The payment's transaction is not final yet.");

const wrongOptions = (message: string) => new StoreError("STORE_CONFIG", message);

/** Plain JavaScript passes anything. */
function isClient(clients: EvmClient | EvmClients | undefined): clients is EvmClient {
  return typeof clients?.request === "function";
}
