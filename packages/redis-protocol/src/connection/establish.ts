// Opens one connection and logs in: TCP and TLS, AUTH, SELECT, and who the server is.
import { StoreError } from "@tollbooth-stores/core";
import type { ResolvedAccess, ResolvedNode } from "./connection.ts";
import { LoginRefused } from "./login-refused.ts";
import { errorWord } from "./redis-errors.ts";
import type { OpenLink, RedisLink } from "./redis-link.ts";
import { isWritableReplica, type ServerIdentity, serverIdentity } from "./server-identity.ts";
import { Stalled } from "./stalled.ts";

/** Who logs in where. */
export interface Endpoint extends ResolvedAccess {
  readonly node: ResolvedNode;
  readonly db?: number | undefined;
}

/** A connection that takes commands. */
export interface Established {
  readonly link: RedisLink;
  readonly node: ResolvedNode;
  readonly identity: ServerIdentity;
  /** It would take the stores' writes, and lose them. */
  readonly isWritableReplica: boolean;
}

/** What a connection is for. */
export interface Use {
  /** Gets the messages of subscribed channels: those of a sentinel. */
  hear?: ((channel: string, message: string) => void) | undefined;
  /** Runs after the login, within the same time. The connection is there when it is done. */
  prepare?: ((link: RedisLink) => Promise<unknown>) | undefined;
}

/** "host:port", for telemetry and as a key. */
export function addressOf({ host, port }: ResolvedNode): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/**
 * Rejects with the library's or the server's error, or with `Stalled` after `connectTimeoutMs`. Nothing is left open then,
 * or when `signal` aborts.
 */
export async function establish(
  openLink: OpenLink,
  { node, db = 0, username, password, tls }: Endpoint,
  connectTimeoutMs: number,
  signal: AbortSignal,
  { hear = () => {}, prepare = async () => {} }: Use = {},
): Promise<Established> {
  signal.throwIfAborted();
  const link = openLink({ ...node, tls, connectTimeoutMs }, hear);
  let phase: Stalled["phase"] = "opening";
  let giveUp: (error: unknown) => void = () => {};
  const given = new Promise<never>((_, reject) => {
    giveUp = reject;
  });
  const aborted = () => giveUp(signal.reason);
  signal.addEventListener("abort", aborted, { once: true });
  void link.ended.then((reason) => giveUp(reason ?? new Error("The server closed the connection.")));
  const timer = setTimeout(() => giveUp(new Stalled(phase, tls !== undefined)), connectTimeoutMs);
  const work = async (): Promise<Established> => {
    await link.opened;
    phase = "login";
    const info = await logIn(link, username, password, db);
    await prepare(link);
    return { link, node, identity: serverIdentity(info), isWritableReplica: isWritableReplica(info) };
  };
  try {
    return await Promise.race([given, work()]);
  } catch (error) {
    link.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", aborted);
  }
}

function refusedSelect(error: unknown): never {
  if (errorWord(error) !== "NOPERM") throw error;
  throw new StoreError(
    "STORE_UNAVAILABLE",
    "This Redis user may not run SELECT, which `db` of the connection needs; its ACL must allow it.",
    { cause: error },
  );
}

/** Resolves to what INFO told. All commands go out together, so that a login costs one round trip. */
async function logIn(
  link: RedisLink,
  username: string | undefined,
  password: string | undefined,
  db: number,
): Promise<string> {
  const login =
    password === undefined
      ? []
      : [
          link.send(["AUTH", username ?? "default", password]).catch((error: unknown) => {
            // Other words than WRONGPASS come from proxies and providers. Being full is told as the first answer.
            const isOurs = errorWord(error) === "ERR" && error instanceof Error && !/max number/.test(error.message);
            throw isOurs ? new LoginRefused("The login was refused.", { cause: error }) : error;
          }),
        ];
  const chosen = db === 0 ? [] : [link.send(["SELECT", String(db)]).catch(refusedSelect)];
  // INFO only informs. A user without the right, or a provider that has disabled it, does without.
  const told = ["server", "replication"].map((section) =>
    link.send(["INFO", section]).catch((error: unknown) => {
      if (errorWord(error) === undefined || errorWord(error) === "NOAUTH") throw error;
      return "";
    }),
  );
  const [replies] = await Promise.all([Promise.all(told), ...chosen, ...login]).catch(async (error: unknown) => {
    // A failed login makes the later commands fail too; its own error says why.
    await Promise.all(login);
    throw error;
  });
  return replies.map(String).join("\r\n");
}
