// The SIMULATED chain: balances, used nonces and blocks of one EIP-3009 token, kept in an append-only log.
import { type Address, getAddress, type Hex, keccak256, toHex } from "viem";
import { appendLog, readLog } from "../append-log.ts";
import { type Authorization, isSignedByPayer, type TokenDomain } from "../eip3009.ts";
import { type Block, type Blocks, blocks } from "./blocks.ts";

/** One executed authorization. */
export interface Transfer {
  transaction: Hex;
  from: Address;
  to: Address;
  value: string;
  nonce: Hex;
}

export interface Ledger {
  /** True where the log was empty when it was opened. */
  readonly isNew: boolean;
  /** The chain's own clock, by which authorizations begin and end: Unix seconds, never before the newest block's. */
  now(): number;
  /** The state of the chain now, as a block that stays. Where time has gone on since the last one, an empty one is logged first. */
  newestBlock(): Block;
  /** The blocks so far: one for each transfer, and what `newestBlock` added. */
  readonly blocks: Omit<Blocks, "newest" | "mine">;
  balanceOf(account: Address): bigint;
  /** The transfer that used the payer's nonce, if any did. */
  transferOf(payer: Address, nonce: Hex): Transfer | undefined;
  transferBy(transaction: Hex): Transfer | undefined;
  /** Gives each account `value` out of nothing. */
  mint(accounts: readonly Address[], value: bigint): void;
  /** Throws, with the words a token contract would use, where the authorization would revert. */
  check(authorization: Authorization, signature: Hex): Promise<void>;
  /** `check`, then the transfer in a block of its own, in the log before it is told. Of two with one nonce one succeeds. */
  transfer(authorization: Authorization, signature: Hex): Promise<Transfer>;
  close(): void;
}

const nonceKey = (payer: Address, nonce: Hex) => `${payer.toLowerCase()}:${nonce.toLowerCase()}`;

function transferFrom(entry: Record<string, unknown>): Transfer {
  return {
    transaction: toHexText(entry.transaction),
    from: getAddress(String(entry.from)),
    to: getAddress(String(entry.to)),
    value: String(entry.value),
    nonce: toHexText(entry.nonce),
  };
}

/** Unix seconds. Lines of older ledgers have only the instant at which they were written. */
function timestampOf({ timestamp, at }: Record<string, unknown>): number {
  const seconds = typeof timestamp === "number" ? timestamp : Math.floor(Date.parse(String(at)) / 1_000);
  if (!Number.isSafeInteger(seconds)) throw new Error("A line of the ledger's log has no instant.");
  return seconds;
}

function toHexText(value: unknown): Hex {
  return `0x${String(value).slice(2)}`;
}

/** Opens the ledger on its log file; what the log holds has happened. `nowSeconds` is the chain's clock. */
export function openLedger(file: string, domain: TokenDomain, nowSeconds: () => number): Ledger {
  const balances = new Map<string, bigint>();
  const byNonce = new Map<string, Transfer>();
  const byTransaction = new Map<string, Transfer>();
  const chain = blocks();
  const balanceOf = (account: Address) => balances.get(account.toLowerCase()) ?? 0n;
  const add = (account: Address, value: bigint) => balances.set(account.toLowerCase(), balanceOf(account) + value);
  const apply = (transfer: Transfer, timestamp: number) => {
    add(transfer.from, -BigInt(transfer.value));
    add(transfer.to, BigInt(transfer.value));
    byNonce.set(nonceKey(transfer.from, transfer.nonce), transfer);
    byTransaction.set(transfer.transaction, transfer);
    chain.mine(timestamp, transfer.transaction);
  };
  const past = readLog(file);
  for (const entry of past) {
    if (entry.kind === "mint") {
      for (const account of String(entry.accounts).split(",")) add(getAddress(account), BigInt(String(entry.value)));
    }
    if (entry.kind === "transfer") apply(transferFrom(entry), timestampOf(entry));
    if (entry.kind === "block") chain.mine(timestampOf(entry));
  }
  const log = appendLog(file);
  // A clock that is set back, or another machine's, takes back nothing that a block has said.
  const now = () => Math.max(nowSeconds(), chain.newest()?.timestamp ?? 0);

  /** The synchronous half: nothing can come between it and the transfer at the same instant. */
  const checkState = (authorization: Authorization, instant: number) => {
    if (BigInt(instant) <= authorization.validAfter) throw new Error("authorization is not yet valid");
    if (BigInt(instant) >= authorization.validBefore) throw new Error("authorization is expired");
    if (byNonce.has(nonceKey(authorization.from, authorization.nonce))) {
      throw new Error("authorization is used or canceled");
    }
    if (balanceOf(authorization.from) < authorization.value) throw new Error("transfer amount exceeds balance");
  };
  const checkSignature = async (authorization: Authorization, signature: Hex) => {
    if (!(await isSignedByPayer(domain, authorization, signature))) throw new Error("invalid signature");
  };

  return {
    isNew: past.length === 0,
    now,
    newestBlock() {
      const timestamp = now();
      const newest = chain.newest();
      if (newest !== undefined && newest.timestamp === timestamp) return newest;
      log.append({ kind: "block", timestamp });
      return chain.mine(timestamp);
    },
    blocks: chain,
    balanceOf,
    transferOf: (payer, nonce) => byNonce.get(nonceKey(payer, nonce)),
    transferBy: (transaction) => byTransaction.get(transaction),
    mint(accounts, value) {
      log.append({ kind: "mint", accounts, value: value.toString() });
      for (const account of accounts) add(account, value);
    },
    async check(authorization, signature) {
      await checkSignature(authorization, signature);
      checkState(authorization, now());
    },
    async transfer(authorization, signature) {
      await checkSignature(authorization, signature);
      const timestamp = now();
      checkState(authorization, timestamp);
      const { from, to, nonce } = authorization;
      const value = authorization.value.toString();
      const transfer = { from, to, value, nonce, transaction: keccak256(toHex(`${from}:${nonce}:${byNonce.size}`)) };
      log.append({ kind: "transfer", ...transfer, timestamp });
      apply(transfer, timestamp);
      return transfer;
    },
    close: () => log.close(),
  };
}
