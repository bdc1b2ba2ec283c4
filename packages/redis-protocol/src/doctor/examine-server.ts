// One primary: what it says of itself, what its user may do, its keys, and its replicas.
import { isStoreError } from "@tollbooth-stores/core";
import { isConnectionRefused } from "../connection/connection-failures.ts";
import { parseEndpoint, REDIS_PORT } from "../connection/redis-address.ts";
import type { RedisServer } from "../redis-port.ts";
import { type About, askOf } from "./about.ts";
import { checkNetwork, checkTls, checkUsers } from "./access-checks.ts";
import { checkCluster } from "./cluster-check.ts";
import { checkPersistence, checkReplication } from "./durability-checks.ts";
import { examineReplicas } from "./examine-replicas.ts";
import { type Checked, type Finding, failure, NOTHING_SOLD, namedFor, ok, UNREADABLE, unknown } from "./finding.ts";
import { checkKeys } from "./keys-check.ts";
import { checkLoadingUser } from "./loading-user-check.ts";
import { checkEviction, checkMemory } from "./memory-checks.ts";
import { NoAnswer } from "./no-answer.ts";
import { checkRights } from "./rights-check.ts";
import { checkClock, checkRole, checkRoundTrip, checkVersion } from "./server-checks.ts";
import { type ServerFacts, serverFacts } from "./server-facts.ts";

/** Never rejects. */
export async function examineServer(server: RedisServer, about: About): Promise<readonly Finding[]> {
  const { keeps, prefixes, criticalOnly, commandTimeoutMs, security, port } = about;
  const { name, keyPrefix = "", db = 0 } = server;
  const named = namedFor(name);
  const ask = askOf(server, about);
  let facts: ServerFacts;
  try {
    facts = await serverFacts(ask);
  } catch (error) {
    return named("reachable", silentServer(error));
  }
  const full = prefixes.map((prefix) => keyPrefix + prefix);
  // Before the scripts that ask for rights: a paused server answers nothing after a script on the same connection.
  const loading = await known(checkLoadingUser(ask, facts, { keeps, prefixes: full }));
  const [rights, replicas] = await Promise.all([
    known(checkRights(ask, facts.user, full, { cluster: port.cluster, db })),
    examineReplicas({ name, ask, keyPrefix, db, facts }, about),
  ]);
  const isPaused = rights.silence !== undefined && (await holdsBackScripts(name, rights.silence, about));
  const isHung = rights.silence !== undefined && !isPaused;
  const keys: Known = isHung
    ? { found: NOT_KNOWN }
    : await known(criticalOnly ? Promise.resolve([]) : checkKeys(ask, full));
  const silence = loading.silence ?? rights.silence ?? keys.silence;
  const reached = isPaused ? paused : silence === undefined ? ok("The server answers.") : silentServer(silence);
  return [
    ...named("reachable", reached),
    ...named("version", () => checkVersion(facts)),
    ...named("role", () => checkRole(facts)),
    ...named("eviction", () => checkEviction(facts, keeps)),
    ...named("persistence", () => checkPersistence(facts, keeps)),
    ...named("replication", () => checkReplication(facts, keeps)),
    ...named("memory", () => checkMemory(facts)),
    ...named("cluster", () => checkCluster(facts, { isDescribed: port.cluster })),
    ...named("users", () => checkUsers(facts, security, name)),
    ...named("users", loading.found),
    ...named("tls", () => checkTls(security, name)),
    ...(criticalOnly ? [] : named("network", () => checkNetwork(facts))),
    ...named("round trip", () => checkRoundTrip(facts, commandTimeoutMs)),
    ...(criticalOnly ? [] : named("clock", () => checkClock(facts))),
    ...named("rights", rights.found),
    ...named("keys", keys.found),
    ...replicas,
  ];
}

const NOT_KNOWN = unknown("not-answered", "The server stopped answering before this was known.");

interface Known {
  found: Checked | readonly Checked[];
  /** Why it is not known. */
  silence?: unknown;
}

/** What was found out stays, also where the server stops answering other questions, or answers what cannot be read. */
async function known(asked: Promise<Checked | readonly Checked[]>): Promise<Known> {
  try {
    return { found: await asked };
  } catch (error) {
    const isSilence = error instanceof NoAnswer || isStoreError(error);
    return isSilence ? { found: NOT_KNOWN, silence: error } : { found: UNREADABLE };
  }
}

function silentServer(error: unknown): Checked {
  // Our own errors are written for a log. Any other one may hold an address or a password.
  if (isStoreError(error)) {
    if (!isConnectionRefused(error))
      return failure("no-call", `The server takes no call. ${NOTHING_SOLD}`, error.message);
    return { ...failure("refused", `The connection is refused. ${NOTHING_SOLD}`, error.message), refused: true };
  }
  const reason = error instanceof NoAnswer ? error.message : "This server did not answer in time.";
  return failure("no-answer", `${reason} ${NOTHING_SOLD}`, "Look whether it runs, and what the network does.");
}

/** While its writes are paused, a server answers nothing more on a connection that sent a script, and goes on with the others. */
async function holdsBackScripts(name: string, silence: unknown, { port, askTimeoutMs }: About): Promise<boolean> {
  const node = parseEndpoint(name, REDIS_PORT);
  const isScript = silence instanceof NoAnswer && silence.isLate && silence.command === "EVALSHA";
  if (!isScript || node === undefined || port.visit === undefined) return false;
  try {
    const visited = await port.visit(node, askTimeoutMs);
    return await visited
      .ask("TIME")
      .then(() => true)
      .finally(visited.close);
  } catch {
    return false;
  }
}

const paused = failure(
  "paused",
  `The server answers what only reads, and holds back scripts: its writes are paused (CLIENT PAUSE, or a failover under way). ${NOTHING_SOLD}`,
  "CLIENT UNPAUSE, or wait until the failover is over.",
);
