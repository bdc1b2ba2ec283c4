// An examination of a Redis: is it safe for payments? It reads, and changes nothing.
import { isStoreError } from "@tollbooth-stores/core";
import { connectionMend } from "../connection/connection-failures.ts";
import type { AskServer } from "../connection/scan-keys.ts";
import type { ConnectionSecurity, RedisPort, RedisServer } from "../redis-port.ts";
import { checkNetwork, checkTls, checkUsers } from "./access-checks.ts";
import { checkCluster } from "./cluster-check.ts";
import { checkPersistence, checkReplication } from "./durability-checks.ts";
import { type Check, type Checked, type Finding, failure, NOTHING_SOLD, ok, unknown } from "./finding.ts";
import { checkKeys } from "./keys-check.ts";
import { checkEviction, checkMemory, type Keeps } from "./memory-checks.ts";
import { NoAnswer, namingSilence } from "./no-answer.ts";
import { checkRights } from "./rights-check.ts";
import { checkClock, checkRole, checkRoundTrip, checkVersion } from "./server-checks.ts";
import { type ServerFacts, serverFacts } from "./server-facts.ts";

export interface ExamineOptions {
  /** "money": payments or sessions are kept there. "limits": rate limits only, which may be forgotten. */
  keeps: Keeps;
  /** The stores' key prefixes, e.g. "tollbooth:verify". */
  prefixes: readonly string[];
  /** Leaves out what takes many questions: rights and keys. */
  criticalOnly?: boolean | undefined;
  /** How long to wait for the connection, in milliseconds. Default 5,000. */
  connectTimeoutMs?: number | undefined;
  /** How long each question may take, in milliseconds. Default 1,000. */
  askTimeoutMs?: number | undefined;
}

/**
 * What was found on every primary that the port knows. Never rejects: a server that does not answer is a finding. Each
 * question has its own deadline.
 */
export async function examineRedis(
  port: RedisPort,
  { keeps, prefixes, criticalOnly = false, connectTimeoutMs = 5_000, askTimeoutMs = 1_000 }: ExamineOptions,
): Promise<readonly Finding[]> {
  if (port.servers === undefined) {
    return [{ check: "reachable", ...unknown("This port cannot be asked about its servers.") }];
  }
  try {
    await port.ready(AbortSignal.timeout(connectTimeoutMs));
    const servers = await port.servers(askTimeoutMs);
    if (servers.length === 0) throw new Error("A cluster without a primary.");
    const security = port.security?.() ?? { tls: undefined, password: undefined };
    const about = { isCluster: port.cluster, security, keeps, prefixes, criticalOnly, askTimeoutMs };
    const found = await Promise.all(servers.map((server) => examineServer(server, about)));
    return [...found.flat(), ...clientFindings(port)];
  } catch (error) {
    return [{ check: "reachable", ...unreachable(error, connectTimeoutMs, port) }];
  }
}

interface About extends Required<Pick<ExamineOptions, "keeps" | "prefixes">> {
  criticalOnly: boolean;
  askTimeoutMs: number;
  isCluster: boolean;
  security: ConnectionSecurity;
}

async function examineServer(
  { name, ask: askPlainly, keyPrefix = "" }: RedisServer,
  { keeps, prefixes, criticalOnly, askTimeoutMs, isCluster, security }: About,
): Promise<readonly Finding[]> {
  const named = (check: Check, found: Checked | readonly Checked[]): Finding[] =>
    [found].flat().map((each) => ({ check, server: name, ...each }));
  const ask = namingSilence(askPlainly, askTimeoutMs);
  let facts: ServerFacts;
  try {
    facts = await serverFacts(ask);
  } catch (error) {
    return named("reachable", silentServer(error));
  }
  const reachable = named("reachable", ok("The server answers."));
  const found = [
    ...named("version", checkVersion(facts)),
    ...named("role", checkRole(facts)),
    ...named("eviction", checkEviction(facts, keeps)),
    ...named("persistence", checkPersistence(facts, keeps)),
    ...named("replication", checkReplication(facts, keeps)),
    ...named("memory", checkMemory(facts)),
    ...named("cluster", checkCluster(facts, isCluster)),
    ...named("users", checkUsers(facts, security)),
    ...named("tls", checkTls(security, name)),
  ];
  if (criticalOnly) return [...reachable, ...found];
  const told = [
    ...found,
    ...named("network", checkNetwork(facts)),
    ...named("round trip", checkRoundTrip(facts)),
    ...named("clock", checkClock(facts)),
  ];
  const full = prefixes.map((prefix) => keyPrefix + prefix);
  try {
    const asked = await askMore(ask, facts.user, full);
    return [...reachable, ...told, ...asked.flatMap(({ check, found }) => named(check, found))];
  } catch (error) {
    // It answered at first.
    return [
      ...named("reachable", silentServer(error)),
      ...told,
      ...named("rights", notAsked),
      ...named("keys", notAsked),
    ];
  }
}

interface Asked {
  check: Check;
  found: Checked | readonly Checked[];
}

/** What takes many questions. */
async function askMore(ask: AskServer, user: string | undefined, prefixes: readonly string[]): Promise<Asked[]> {
  const rights = await checkRights(ask, user, prefixes);
  return [
    { check: "rights", found: rights },
    { check: "keys", found: await checkKeys(ask, prefixes) },
  ];
}

const notAsked = unknown("The server stopped answering before this was known.");

function silentServer(error: unknown): Checked {
  // Our own errors are written for a log. Any other one may hold an address or a password.
  if (isStoreError(error)) return failure(`The server takes no call. ${NOTHING_SOLD}`, error.message);
  const reason = error instanceof NoAnswer ? error.message : "This server did not answer in time.";
  return failure(`${reason} ${NOTHING_SOLD}`, "Look whether it runs, and what the network does.");
}

/** What the settings of a caller's own client can cost. */
function clientFindings(port: RedisPort): Finding[] {
  const advice = port.advice?.();
  if (advice === undefined) {
    return [
      { check: "client", ...unknown("The client does not tell whether it queues commands or sends them again.") },
    ];
  }
  if (advice.length === 0) {
    return [{ check: "client", ...ok("The client queues no call, sends none again, and connects anew.") }];
  }
  return advice.map(({ message, mend }) => ({ check: "client", level: "warning", message, mend }));
}

function unreachable(error: unknown, connectTimeoutMs: number, port: RedisPort): Checked {
  if (isStoreError(error)) return failure(`There is no connection. ${NOTHING_SOLD}`, error.message);
  return failure(
    `There is no connection within ${connectTimeoutMs} ms. ${NOTHING_SOLD}`,
    connectionMend(port.connectionError?.()),
  );
}
