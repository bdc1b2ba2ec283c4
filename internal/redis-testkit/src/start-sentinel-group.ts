// A primary, its replicas and the sentinels that fail it over: real processes, of one program.

import { type Proxied, type Reachable, startBehindProxy } from "./behind-proxy.ts";
import { isRedis7OrNewer } from "./find-server.ts";
import type { Address } from "./net-proxy.ts";
import { fieldsOf, followerLines, isReplicaOf, roleOf } from "./replication.ts";
import { type RedisOptions, type RunningRedis, startRedis } from "./start-redis.ts";
import { type RunningSentinel, type SentinelOptions, startSentinel } from "./start-sentinel.ts";
import { answerOf, until } from "./until.ts";

export interface SentinelGroupOptions {
  /** Default 2. */
  replicas?: number | undefined;
  /** Default 3. */
  sentinels?: number | undefined;
  /** `quorum` is the majority by default, and `periods` "short". `config` holds more lines for each sentinel. */
  sentinel?: Omit<SentinelOptions, "announced"> | undefined;
  /** For each server. `requirepass` is what replicas and sentinels give, too. */
  server?: RedisOptions | undefined;
  /** Default none: min-replicas-to-write of each server. */
  minReplicasToWrite?: number | undefined;
  /** Default 2: after so many seconds without a word from a replica, it no longer counts for `minReplicasToWrite`. */
  minReplicasMaxLagSeconds?: number | undefined;
  /** A network proxy before each server and each sentinel, announced as its address. Default false. */
  proxied?: Proxied | undefined;
}

export type GroupServer = RunningRedis & Reachable;
export type GroupSentinel = RunningSentinel & Reachable;

export interface SettledOptions {
  /** Processes that are dead or frozen. */
  except?: readonly RunningRedis[] | undefined;
  /** Default 30,000. */
  withinMs?: number | undefined;
}

export interface SentinelGroup {
  /** What the sentinels call the primary. */
  readonly name: string;
  /** Clients connect to the `address` of each. */
  readonly sentinels: readonly GroupSentinel[];
  /** The first is the primary at the start. */
  readonly servers: readonly GroupServer[];
  /** The server that most sentinels name and that says so itself. Waits until there is one. */
  primary(): Promise<GroupServer>;
  /** Waits until it is another one, e.g. after the former was killed. */
  nextPrimary(former: RunningRedis): Promise<GroupServer>;
  /** SENTINEL FAILOVER. Waits until all is settled again, and answers the new primary. */
  failover(): Promise<GroupServer>;
  /** Waits until replicas are in sync and each sentinel knows all servers and sentinels, and finds none down. */
  settled(options?: SettledOptions): Promise<void>;
  stop(): Promise<void>;
}

const SETTLE_MS = 30_000;
/** How long a failover that was asked for is waited for before it is asked for again. */
const ASK_AGAIN_MS = 6_000;

/** Starts all and waits until it is settled: some 2 seconds with short periods. Redis 6.2 has real periods only. */
export async function startSentinelGroup(options: SentinelGroupOptions = {}): Promise<SentinelGroup> {
  const { replicas = 2, sentinels: count = 3, proxied = false } = options;
  const periods = (await isRedis7OrNewer()) ? "short" : "real";
  const settings = { quorum: Math.floor(count / 2) + 1, periods, ...options.sentinel } as const;
  const servers: GroupServer[] = [];
  const sentinels: GroupSentinel[] = [];
  const stop = async () => {
    await Promise.all([...sentinels, ...servers].map((each) => each.stop()));
  };
  try {
    const first = await startGroupServer(options, undefined);
    servers.push(first);
    await each(replicas, async () => servers.push(await startGroupServer(options, first.address)));
    // A sentinel asks at once for replicas, and then only each period.
    await until(() => all(servers.slice(1), (server) => isReplicaOf(server, first.address)));
    const login = options.server?.requirepass === undefined ? {} : { password: options.server.requirepass };
    await each(count, async () => {
      const sentinel = await startBehindProxy(proxied, (announced, lines) =>
        startSentinel(
          { ...first.address, ...login },
          { ...settings, announced, config: [...lines, ...(settings.config ?? [])] },
        ),
      );
      sentinels.push(sentinel);
    });
    const group = running(options.sentinel?.name ?? "mymaster", servers, sentinels, stop);
    await group.settled();
    return group;
  } catch (error) {
    await stop();
    throw error;
  }
}

function startGroupServer(options: SentinelGroupOptions, primary: Address | undefined): Promise<GroupServer> {
  const { server = {}, minReplicasToWrite, minReplicasMaxLagSeconds = 2, proxied = false } = options;
  return startBehindProxy(proxied, (announced, lines) =>
    startRedis({
      ...server,
      config: [
        ...lines,
        ...(announced === undefined
          ? []
          : [`replica-announce-ip ${announced.host}`, `replica-announce-port ${announced.port}`]),
        ...(primary === undefined ? [] : [`replicaof ${primary.host} ${primary.port}`]),
        ...followerLines(server.requirepass === undefined ? {} : { password: server.requirepass }),
        "repl-ping-replica-period 1",
        ...(minReplicasToWrite === undefined
          ? []
          : [`min-replicas-to-write ${minReplicasToWrite}`, `min-replicas-max-lag ${minReplicasMaxLagSeconds}`]),
        ...(server.config ?? []),
      ],
    }),
  );
}

function running(
  name: string,
  servers: readonly GroupServer[],
  sentinels: readonly GroupSentinel[],
  stop: () => Promise<void>,
): SentinelGroup {
  const findPrimary = async () => {
    const named = (await Promise.all(sentinels.map((sentinel) => namedBy(sentinel)))).filter((port) => port > 0);
    for (const server of servers) {
      const votes = named.filter((port) => port === server.address.port).length;
      if (votes * 2 > named.length && (await roleOf(server))?.role === "primary") return server;
    }
    return undefined;
  };
  const primaryThat = async (fits: (server: GroupServer) => boolean) => {
    let found: GroupServer | undefined;
    await until(
      async () => {
        found = await findPrimary();
        return found !== undefined && fits(found);
      },
      { withinMs: SETTLE_MS },
    );
    if (found === undefined) throw new Error("There is no primary.");
    return found;
  };
  const settled = async ({ except = [], withinMs = SETTLE_MS }: SettledOptions = {}) => {
    const live = <S extends RunningRedis>(those: readonly S[]) => those.filter((each) => !except.includes(each));
    let doubt = "";
    const doubtOf = async () => {
      const primary = await findPrimary();
      if (primary === undefined) return "There is no primary.";
      const replicas = live(servers).filter((server) => server !== primary);
      if (!(await all(replicas, (server) => isReplicaOf(server, primary.address)))) return "A replica is not in sync.";
      const role = await roleOf(primary);
      if (role?.role !== "primary" || role.streamsTo < replicas.length) return "A replica does not receive each write.";
      const known = await all(live(sentinels), (sentinel) => knowsAll(sentinel, primary, replicas, live(sentinels)));
      return known ? "" : "A sentinel does not know all, or finds something down.";
    };
    await until(
      async () => {
        doubt = await doubtOf();
        return doubt === "";
      },
      { withinMs, detail: () => doubt },
    );
  };
  const nextPrimary = (former: RunningRedis) => primaryThat((server) => server !== former);
  return {
    name,
    servers,
    sentinels,
    primary: () => primaryThat(() => true),
    nextPrimary,
    async failover() {
      const former = await primaryThat(() => true);
      const [sentinel] = sentinels;
      let askedAtMs = Number.NEGATIVE_INFINITY;
      // A sentinel now and then says OK and does nothing. While one is under way it refuses another.
      await until(async () => {
        if (performance.now() - askedAtMs > ASK_AGAIN_MS) {
          askedAtMs = performance.now();
          await sentinel?.command("SENTINEL", "FAILOVER", name).catch(() => undefined);
        }
        return (await primaryThat(() => true)) !== former;
      });
      const next = await nextPrimary(former);
      await settled();
      return next;
    },
    settled,
    stop,
  };
}

/** The port of the primary; 0 where the sentinel does not answer. */
async function namedBy(sentinel: GroupSentinel): Promise<number> {
  const reply = await answerOf(sentinel, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", sentinel.name);
  return Array.isArray(reply) ? Number(reply[1]) : 0;
}

/** Whether a sentinel names the primary, and finds it and the others up. Flags say more where something is down. */
async function knowsAll(
  sentinel: GroupSentinel,
  primary: GroupServer,
  replicas: readonly GroupServer[],
  sentinels: readonly GroupSentinel[],
): Promise<boolean> {
  const list = async (what: string) => {
    const reply = await answerOf(sentinel, "SENTINEL", what, sentinel.name);
    return Array.isArray(reply) ? reply.map(fieldsOf) : [];
  };
  const master = fieldsOf(await answerOf(sentinel, "SENTINEL", "MASTER", sentinel.name));
  if (master.flags !== "master" || master.port !== String(primary.address.port)) return false;
  const [known, peers] = await Promise.all([list("REPLICAS"), list("SENTINELS")]);
  const isUp = (among: typeof known, { address }: Reachable, ...flags: readonly string[]) =>
    among.some((entry) => entry.port === String(address.port) && flags.includes(entry.flags ?? ""));
  return (
    replicas.every((replica) => isUp(known, replica, "slave")) &&
    // "master_down" is the last opinion of a peer, which is kept for seconds and is not its state.
    sentinels.every((peer) => peer === sentinel || isUp(peers, peer, "sentinel", "sentinel,master_down"))
  );
}

async function each(count: number, start: () => Promise<unknown>): Promise<void> {
  const started = await Promise.allSettled(Array.from({ length: count }, start));
  for (const outcome of started) if (outcome.status === "rejected") throw outcome.reason;
}

async function all<T>(items: readonly T[], holds: (item: T) => Promise<boolean>): Promise<boolean> {
  return (await Promise.all(items.map(holds))).every(Boolean);
}
