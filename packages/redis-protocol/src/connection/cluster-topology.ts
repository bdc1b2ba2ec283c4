// Who owns which slot, as a node of the cluster tells it.
import { StoreError } from "@tollbooth-stores/core";
import type { ResolvedNode } from "./connection.ts";
import { addressOf } from "./establish.ts";
import { SLOTS } from "./key-slot.ts";
import { errorWord } from "./redis-errors.ts";

export interface Topology {
  /** The owner's address by slot. */
  readonly owners: readonly (string | undefined)[];
  /** Every primary that owns a slot, by address. */
  readonly primaries: ReadonlyMap<string, ResolvedNode>;
  /** Replicas too: they are asked when no primary answers. */
  readonly nodes: readonly ResolvedNode[];
}

const LAST_PORT = 65_535;

/** Reads a reply to CLUSTER SLOTS. A node without an address gets the asked node's host. */
export function readTopology(reply: unknown, asked: ResolvedNode): Topology {
  const owners: (string | undefined)[] = [];
  const primaries = new Map<string, ResolvedNode>();
  const nodes = new Map<string, ResolvedNode>();
  for (const entry of listOf(reply)) {
    const [first, last, ...described] = listOf(entry);
    if (!isSlot(first) || !isSlot(last)) continue;
    const [primary, ...replicas] = described.flatMap((node) => readNode(node, asked));
    for (const node of replicas) nodes.set(addressOf(node), node);
    if (primary === undefined) continue;
    const address = addressOf(primary);
    primaries.set(address, primary);
    nodes.set(address, primary);
    for (let slot = first; slot <= last; slot += 1) owners[slot] = address;
  }
  return { owners, primaries, nodes: [...nodes.values()] };
}

/** The replicas of the primary at `asked`, from its own reply to CLUSTER SLOTS, each once. */
export function replicasInSlots(reply: unknown, asked: ResolvedNode): readonly ResolvedNode[] {
  const found = new Map<string, ResolvedNode>();
  for (const entry of listOf(reply)) {
    const [, , ...described] = listOf(entry);
    const [primary, ...replicas] = described.flatMap((node) => readNode(node, asked));
    if (primary === undefined || addressOf(primary) !== addressOf(asked)) continue;
    for (const node of replicas) found.set(addressOf(node), node);
  }
  return [...found.values()];
}

/** A node of an unknown endpoint is told as null, "" or "?". */
function readNode(description: unknown, asked: ResolvedNode): ResolvedNode[] {
  const [host, port]: readonly unknown[] = listOf(description);
  const number = Number(port);
  if (!Number.isInteger(number) || number < 1 || number > LAST_PORT) return [];
  return [{ host: isKnown(host) ? host : asked.host, port: number }];
}

/** Other numbers than these would fill the memory, or be counted up to for ever. */
function isSlot(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value < SLOTS;
}

function isKnown(host: unknown): host is string {
  return typeof host === "string" && host !== "" && host !== "?";
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Where a command must go instead: for good (MOVED), or once (ASK). Undefined for any other error. */
export function redirection(
  error: unknown,
  asked: ResolvedNode,
): { kind: "MOVED" | "ASK"; slot: number; node: ResolvedNode } | undefined {
  const word = errorWord(error);
  if (!(error instanceof Error) || (word !== "MOVED" && word !== "ASK")) return undefined;
  const [, slot, host, port] = /^\w+ (\d+) (.*):(\d+)/.exec(error.message) ?? [];
  if (slot === undefined || port === undefined) return undefined;
  return {
    kind: word,
    slot: Number(slot),
    node: { host: isKnown(host) ? host : asked.host, port: Number(port) },
  };
}

/** A clear error where a node refuses to tell its cluster; otherwise the error itself. */
export function topologyRefusal(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  if (/cluster support disabled/i.test(error.message)) {
    return new StoreError(
      "STORE_UNAVAILABLE",
      "What `cluster` names is no Redis Cluster but a single server; describe the connection by `url` or `host`.",
    );
  }
  if (/^ERR unknown (sub)?command/i.test(error.message)) {
    return new StoreError(
      "STORE_UNAVAILABLE",
      "The server does not know CLUSTER SLOTS, which `cluster` needs. If its redis.conf has `rename-command CLUSTER`, remove that line; else describe the connection by `url` or `host`.",
      { cause: error },
    );
  }
  if (error.message.startsWith("NOPERM")) {
    return new StoreError("STORE_UNAVAILABLE", "This Redis user may not run CLUSTER SLOTS, which `cluster` needs.", {
      cause: error,
    });
  }
  return error;
}
