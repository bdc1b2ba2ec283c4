// Slots and their keys move from one primary to another, as a resharding moves them: all at once, or stopped half-way.
import { type RedisEndpoint, type Reply, redisCommands, type Word } from "./resp-command.ts";

/** A primary that gives or takes slots. */
export interface Mover extends RedisEndpoint {
  readonly id: string;
}

export interface SlotMove {
  readonly from: Mover;
  readonly to: Mover;
  readonly slots: readonly number[];
}

const KEYS_AT_ONCE = 100;
const MIGRATE_MS = 5_000;

/**
 * Marks the slots as on the move, and moves the keys that `moves` holds for. Until `finishMove`, the former owner sends
 * clients that ask for a key it does not have to the new one by ASK; and refuses commands on several keys with TRYAGAIN
 * where it has some of them and not all.
 */
export async function beginMove({ from, to, slots }: SlotMove, moves: (key: string) => boolean): Promise<void> {
  await setSlots(to, slots, "IMPORTING", from.id);
  await setSlots(from, slots, "MIGRATING", to.id);
  const keys = await keysIn(from, slots);
  const meant = keys.map((inSlot) => inSlot.filter((key) => moves(Buffer.from(key, "latin1").toString())));
  await migrate(from, to, meant);
}

/** Moves all keys that are left, and tells all primaries the new owner. */
export async function finishMove({ from, to, slots }: SlotMove, otherPrimaries: readonly Mover[]): Promise<void> {
  for (let keys = await keysIn(from, slots); keys.length > 0; keys = await keysIn(from, slots)) {
    await migrate(from, to, keys);
  }
  // The new owner first, lest a slot has none.
  await setSlots(to, slots, "NODE", to.id);
  for (const node of [from, ...otherPrimaries]) {
    await setSlots(node, slots, "NODE", to.id).catch((error: unknown) => {
      // It has lost its last slot: the new owner has told it, and made it a replica.
      if (!String(error).includes("only with masters")) throw error;
    });
  }
}

async function setSlots(node: Mover, slots: readonly number[], state: string, id: string): Promise<void> {
  await redisCommands(
    node,
    slots.map((slot) => ["CLUSTER", "SETSLOT", String(slot), state, id]),
  );
}

/** Names of keys by slot, as redisCommand answers them: a character for each byte. */
async function keysIn(node: Mover, slots: readonly number[]): Promise<string[][]> {
  const counts = await redisCommands(
    node,
    slots.map((slot) => ["CLUSTER", "COUNTKEYSINSLOT", String(slot)]),
  );
  const filled = slots.flatMap((slot, index) => {
    const count = Number(counts[index]);
    return count === 0 ? [] : [["CLUSTER", "GETKEYSINSLOT", String(slot), String(count)]];
  });
  if (filled.length === 0) return [];
  return (await redisCommands(node, filled)).map((keys: Reply) => (Array.isArray(keys) ? keys.map(String) : []));
}

/** A cluster takes the keys of one slot at once. */
async function migrate(from: Mover, to: Mover, keys: readonly (readonly string[])[]): Promise<void> {
  const { username, password } = to;
  const login = username === undefined ? ["AUTH", password ?? ""] : ["AUTH2", username, password ?? ""];
  const commands = keys.flatMap((inSlot) => {
    const pages = Array.from({ length: Math.ceil(inSlot.length / KEYS_AT_ONCE) }, (_, page) =>
      inSlot.slice(page * KEYS_AT_ONCE, (page + 1) * KEYS_AT_ONCE),
    );
    return pages.map((page): Word[] => [
      ...["MIGRATE", to.host, String(to.port), "", "0", String(MIGRATE_MS), "REPLACE"],
      ...(password === undefined ? [] : login),
      "KEYS",
      ...page.map((key) => Buffer.from(key, "latin1")),
    ]);
  });
  if (commands.length > 0) await redisCommands(from, commands);
}
