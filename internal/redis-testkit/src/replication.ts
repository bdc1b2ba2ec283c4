// Which server follows which: asked of the servers, changed, and waited for.
import type { Address } from "./net-proxy.ts";
import type { Reply } from "./resp-command.ts";
import { quoted, type RunningRedis } from "./server-process.ts";
import { answerOf, type Patience, until } from "./until.ts";

export type Role =
  /**
   * `streamsTo`: how many replicas receive each write. After a sync that begins with a replica's first acknowledgement, up to
   * a second after the replica calls itself connected.
   */
  | { readonly role: "primary"; readonly offset: number; readonly streamsTo: number }
  /** `connected` is true once it has the primary's data as of its sync. */
  | { readonly role: "replica"; readonly of: Address; readonly connected: boolean; readonly offset: number };

/** What a server says of itself: undefined where it does not answer. */
export async function roleOf(server: Pick<RunningRedis, "command">): Promise<Role | undefined> {
  const reply = await answerOf(server, "ROLE");
  if (!Array.isArray(reply)) return undefined;
  const [role, second, port, state, offset] = reply;
  if (role === "master") {
    const acknowledged = (Array.isArray(port) ? port : []).filter((each) => Array.isArray(each) && Number(each[2]) > 0);
    return { role: "primary", offset: Number(second), streamsTo: acknowledged.length };
  }
  if (role !== "slave") return undefined;
  const of = { host: String(second), port: Number(port) };
  return { role: "replica", of, connected: state === "connected", offset: Number(offset) };
}

/** True once `server` has the data of the server at `primary` as of its sync. */
export async function isReplicaOf(server: Pick<RunningRedis, "command">, primary: Address): Promise<boolean> {
  const role = await roleOf(server);
  return role?.role === "replica" && role.connected && role.of.port === primary.port;
}

/** Waits until each replica has all that the primary has written so far. */
export async function caughtUp(
  primary: Pick<RunningRedis, "command">,
  replicas: readonly Pick<RunningRedis, "command">[],
  patience?: Patience,
): Promise<void> {
  const written = (await roleOf(primary))?.offset;
  if (written === undefined) throw new Error("The primary does not answer.");
  await until(async () => {
    const roles = await Promise.all(replicas.map(roleOf));
    return roles.every((role) => role?.role === "replica" && role.connected && role.offset >= written);
  }, patience);
}

/** REPLICAOF NO ONE: the server keeps its data and takes writes. */
export async function promote(server: Pick<RunningRedis, "command">): Promise<void> {
  await server.command("REPLICAOF", "NO", "ONE");
  await until(async () => (await roleOf(server))?.role === "primary");
}

/** REPLICAOF: the server loses its data for the primary's, and refuses writes. Waits until it is in sync. */
export async function demote(
  server: Pick<RunningRedis, "command">,
  primary: Address & { readonly password?: string },
  patience?: Patience,
): Promise<void> {
  if (primary.password !== undefined) await server.command("CONFIG", "SET", "masterauth", primary.password);
  await server.command("REPLICAOF", primary.host, String(primary.port));
  await until(() => isReplicaOf(server, primary), patience);
}

/** The lines of redis.conf by which a server may follow those with this password, and user. */
export function followerLines({ username, password }: { username?: string; password?: string }): string[] {
  return [
    ...(username === undefined ? [] : [`masteruser ${quoted(username)}`]),
    ...(password === undefined ? [] : [`masterauth ${quoted(password)}`]),
  ];
}

/** An array of names and values in turn, as Redis answers for a map. */
export function fieldsOf(reply: Reply | undefined): Readonly<Record<string, string>> {
  const items = Array.isArray(reply) ? reply.map(String) : [];
  return Object.fromEntries(items.flatMap((item, index) => (index % 2 === 0 ? [[item, items[index + 1] ?? ""]] : [])));
}
