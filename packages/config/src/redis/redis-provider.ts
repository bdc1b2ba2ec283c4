// The providers over Redis, for any client library: one client for each distinct connection, shared by the stores on
// it.
import { DEFAULT_KEY_PREFIX, KEY_SUFFIX, type StoreOptions } from "@tollbooth-stores/core";
import {
  createRedisRateLimitStore,
  createRedisSessionStore,
  createRedisStores,
  createRedisVerificationStore,
  DEFAULT_COMMAND_TIMEOUT_MS,
  examineRedis,
  type RedisPort,
  type RefusedQuestions,
  sharedPort,
} from "@tollbooth-stores/redis-protocol";
import { storeNames } from "../common-tables.ts";
import { readSettings } from "../settings.ts";
import type {
  ExaminationOptions,
  Examined,
  OpenedStores,
  PerStore,
  StoreBlock,
  StoreName,
  StoreProvider,
} from "../store-provider.ts";
import { type TimeoutSettings, timeoutTable } from "../timeout-table.ts";
import { type BatchSettings, batchTable } from "./batch-table.ts";
import { type DescribedConnection, readRedisConnection, serverIdentity } from "./redis-connection.ts";

/** A client library: opens one connection (possibly many sockets) as a port. */
export interface RedisClientKind {
  /** The usual name first. */
  readonly names: readonly [string, ...string[]];
  readonly otherBlock?: string | undefined;
  /** Rejects with STORE_CONFIG where the client library is not installed. Does not wait for the connection. */
  openPort(connection: DescribedConnection, connectTimeoutMs: number | undefined): Promise<RedisPort>;
}

interface ReadBlock {
  connection: DescribedConnection | undefined;
  settings: StoreOptions & Partial<TimeoutSettings & BatchSettings>;
}

function readBlock({ options, settings }: StoreBlock): ReadBlock {
  return {
    connection: readRedisConnection(options),
    settings: { ...settings, ...readSettings(options, { ...timeoutTable, ...batchTable }) },
  };
}

/** The provider of one client library. */
export function redisProvider({ names, otherBlock, openPort }: RedisClientKind): StoreProvider {
  return {
    names,
    otherBlock,
    read(blocks) {
      const stores: PerStore<ReadBlock> = {};
      for (const store of storeNames) {
        const block = blocks[store];
        if (block !== undefined) stores[store] = readBlock(block);
      }
      return {
        isShared: () => true,
        place(store: StoreName) {
          const connection = stores[store]?.connection;
          return connection && serverIdentity(connection);
        },
        open: <T>() => openStores<T>(stores, openPort),
      };
    },
  };
}

/** The stores that a client serves, with their prefixes as the keys have them. */
type Served = Partial<Record<StoreName, string>>;

/** One client: shares of its port for the stores, and what asks and closes it as a whole. */
interface Client extends Pick<ReturnType<typeof createRedisStores>, "ping" | "check" | "close"> {
  /** The store that closes the last share closes the client. */
  share(): RedisPort;
  readonly port: RedisPort;
  readonly served: Served;
  readonly connectTimeoutMs: number | undefined;
  /** How long a call of its stores may take, in milliseconds: of the most impatient one. */
  commandTimeoutMs: number;
  readonly refused: RefusedQuestions;
  isClosing(): boolean;
}

async function openStores<T>(
  { rateLimits, sessions, verifications }: PerStore<ReadBlock>,
  openPort: RedisClientKind["openPort"],
): Promise<OpenedStores<T>> {
  const clients = new Map<string, Client>();
  const close = async () => {
    await Promise.all([...clients.values()].map((client) => client.close()));
  };

  const clientsOf = (needed: readonly StoreName[] = storeNames) =>
    [...clients.values()].filter(({ served }) => needed.some((store) => served[store] !== undefined));

  async function clientOf(store: StoreName, { connection, settings }: ReadBlock): Promise<Client> {
    if (connection === undefined) throw new Error("A connection that was refused cannot be opened.");
    const { connectTimeoutMs, commandTimeoutMs = DEFAULT_COMMAND_TIMEOUT_MS } = settings;
    // Holds passwords and keys, so it never leaves this function.
    const identity = JSON.stringify([connection, connectTimeoutMs ?? null]);
    const known = clients.get(identity);
    const prefix = settings.keyPrefix ?? DEFAULT_KEY_PREFIX + KEY_SUFFIX[store];
    if (known !== undefined) {
      known.served[store] = prefix;
      known.commandTimeoutMs = Math.min(known.commandTimeoutMs, commandTimeoutMs);
      return known;
    }
    const port = await openPort(connection, connectTimeoutMs);
    const { ping, check } = createRedisStores(port, settings, { closePort: false });
    let closing: Promise<void> | undefined;
    const close = () => {
      closing ??= port.close();
      return closing;
    };
    const served: Served = { [store]: prefix };
    const share = sharedPort(port, close);
    const refused: RefusedQuestions = new Map();
    const isClosing = () => closing !== undefined;
    const settled = { port, served, connectTimeoutMs, commandTimeoutMs, refused };
    const client: Client = { ...settled, share, isClosing, ping, check, close };
    clients.set(identity, client);
    return client;
  }

  try {
    // One after the other: at once, the same connection could be opened twice.
    const limits = rateLimits && { ...rateLimits, client: await clientOf("rateLimits", rateLimits) };
    const session = sessions && { ...sessions, client: await clientOf("sessions", sessions) };
    const verification = verifications && { ...verifications, client: await clientOf("verifications", verifications) };
    return {
      ...(limits && { rateLimits: createRedisRateLimitStore(limits.client.share(), limits.settings) }),
      ...(session && { sessions: createRedisSessionStore<T>(session.client.share(), session.settings) }),
      ...(verification && {
        verifications: createRedisVerificationStore(verification.client.share(), verification.settings),
      }),
      async ping(call, needed) {
        await Promise.all(clientsOf(needed).map((client) => client.ping(call)));
      },
      async check(call, needed) {
        await Promise.all(clientsOf(needed).map((client) => client.check(call)));
      },
      async examine(options) {
        const found = await Promise.all([...clients.values()].map((client) => examineClient(client, options)));
        return found.flat();
      },
      async servers(stepMs) {
        const asked = await Promise.all([...clients.values()].map(({ port }) => port.servers?.(stepMs) ?? []));
        return asked.flat();
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function examineClient(
  { port, served, connectTimeoutMs, commandTimeoutMs, refused, isClosing }: Client,
  { criticalOnly, isRepeat = false }: ExaminationOptions = {},
): Promise<readonly Examined[]> {
  const stores = storeNames.filter((store) => served[store] !== undefined);
  const isMoney = served.sessions !== undefined || served.verifications !== undefined;
  if (!isRepeat) refused.clear();
  const found = await examineRedis(port, {
    keeps: isMoney ? "money" : "limits",
    prefixes: stores.flatMap((store) => served[store] ?? []),
    criticalOnly,
    connectTimeoutMs,
    commandTimeoutMs,
    refused,
  });
  // Servers that the stores left in the middle of it are not away.
  if (isClosing()) return [];
  return found.map((each) => ({ ...each, provider: port.name, stores }));
}
