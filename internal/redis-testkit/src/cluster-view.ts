// How each node of a cluster sees all nodes, and whether they all see the same.
import type { RunningRedis } from "./server-process.ts";
import { answerOf } from "./until.ts";

/** One line of CLUSTER NODES. */
export interface SeenNode {
  readonly id: string;
  readonly port: number;
  /** E.g. "myself", "master", "slave", "fail?", "fail", "handshake". */
  readonly flags: readonly string[];
  /** Of a replica. */
  readonly primaryId: string | undefined;
  readonly epoch: number;
  readonly slots: readonly SlotRange[];
}

/** From the first slot to the last, both included. */
export type SlotRange = readonly [number, number];

export type ClusterView = readonly SeenNode[];

export const SLOTS = 16_384;

const TROUBLE = ["fail", "fail?", "handshake", "noaddr"];

/** Undefined where the node does not answer. */
export async function viewOf(node: Pick<RunningRedis, "command">): Promise<ClusterView | undefined> {
  const text = await answerOf(node, "CLUSTER", "NODES");
  return typeof text === "string" ? text.trim().split("\n").map(parseLine) : undefined;
}

function parseLine(line: string): SeenNode {
  const [id = "", address = "", flags = "", primary = "-", , , epoch = "0", , ...slots] = line.trim().split(" ");
  return {
    id,
    port: Number(/:(\d+)/.exec(address)?.[1]),
    flags: flags.split(","),
    primaryId: primary === "-" ? undefined : primary,
    epoch: Number(epoch),
    // In brackets: a slot on the move.
    slots: slots.filter((slot) => !slot.startsWith("[")).map(rangeOf),
  };
}

function rangeOf(text: string): SlotRange {
  const [from, to = from] = text.split("-").map(Number);
  if (from === undefined || to === undefined) throw new Error(`No range of slots: ${text}`);
  return [from, to];
}

export function includesSlot(ranges: readonly SlotRange[], slot: number): boolean {
  return ranges.some(([from, to]) => from <= slot && slot <= to);
}

export function slotsIn(ranges: readonly SlotRange[]): number[] {
  return ranges.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, index) => from + index));
}

/**
 * Why the cluster has not settled yet; "" once it has. The views are of the nodes with these ids; other nodes that they see may be
 * dead, and count for nothing.
 */
export function doubtsOf(views: readonly (ClusterView | undefined)[], ids: readonly string[]): string {
  const described = views.map((view) => view && describe(view, ids));
  const [first] = described;
  if (first === undefined || described.includes(undefined)) return "A node does not answer.";
  if (views.some((view) => view?.some(({ id, flags }) => ids.includes(id) && flags.some(isTrouble)))) {
    return "A node is not found well by another.";
  }
  const seen = views[0]?.filter(({ id }) => ids.includes(id)) ?? [];
  if (seen.length !== ids.length) return "A node is not known to another.";
  if (seen.some(({ primaryId }) => primaryId !== undefined && !ids.includes(primaryId)))
    return "A replica has no primary.";
  if (slotsIn(seen.flatMap(({ slots }) => slots)).length !== SLOTS) return "A slot has no owner.";
  const other = described.find((each) => each !== first);
  return other === undefined ? "" : `Nodes see roles or slots differently:\n${first}\nand:\n${other}`;
}

function describe(view: ClusterView, ids: readonly string[]): string {
  const lines = view
    .filter(({ id }) => ids.includes(id))
    .map(({ id, primaryId, slots }) => `${id} ${primaryId} ${slots.join(" ")}`);
  return lines.sort().join("\n");
}

function isTrouble(flag: string): boolean {
  return TROUBLE.includes(flag);
}
