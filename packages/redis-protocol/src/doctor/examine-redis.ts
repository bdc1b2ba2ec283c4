// An examination of a Redis: is it safe for payments? It reads, and changes nothing.
import { isStoreError } from "@tollbooth-stores/core";
import type { RedisPort, RedisServer } from "../redis-port.ts";
import { checkCluster } from "./cluster-check.ts";
import { checkEviction, checkMemory, checkPersistence, checkReplication, type Keeps } from "./durability-checks.ts";
import { type Check, type Checked, type Finding, failure } from "./finding.ts";
import { checkKeys } from "./keys-check.ts";
import { checkRights } from "./rights-check.ts";
import { checkClock, checkNetwork, checkRole, checkRoundTrip, checkUsers, checkVersion } from "./server-checks.ts";
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
    return [{ check: "reachable", level: "unknown", message: "This port cannot be asked about its servers." }];
  }
  try {
    await port.ready(AbortSignal.timeout(connectTimeoutMs));
    const servers = await port.servers(askTimeoutMs);
    const found = await Promise.all(
      servers.map((server) => examineServer(server, port.cluster, { keeps, prefixes, criticalOnly })),
    );
    return [...found.flat(), ...clientFindings(port)];
  } catch (error) {
    return [{ check: "reachable", ...unreachable(error, connectTimeoutMs, port) }];
  }
}

async function examineServer(
  { name, ask }: RedisServer,
  isCluster: boolean,
  { keeps, prefixes, criticalOnly }: Required<Pick<ExamineOptions, "keeps" | "prefixes" | "criticalOnly">>,
): Promise<readonly Finding[]> {
  const named = (check: Check, found: Checked | readonly Checked[]): Finding[] =>
    [found].flat().map((each) => ({ check, server: name, ...each }));
  let facts: ServerFacts;
  try {
    facts = await serverFacts(ask);
  } catch {
    const message = "This server did not answer in time.";
    return named("reachable", failure(message, "Look whether it runs, and what the network does."));
  }
  const found = [
    ...named("version", checkVersion(facts)),
    ...named("role", checkRole(facts)),
    ...named("eviction", checkEviction(facts, keeps)),
    ...named("persistence", checkPersistence(facts, keeps)),
    ...named("replication", checkReplication(facts, keeps)),
    ...named("memory", checkMemory(facts)),
    ...named("cluster", checkCluster(facts, isCluster)),
    ...named("users", checkUsers(facts)),
  ];
  if (criticalOnly) return found;
  return [
    ...found,
    ...named("network", checkNetwork(facts)),
    ...named("round trip", checkRoundTrip(facts)),
    ...named("clock", checkClock(facts)),
    ...named("rights", await checkRights(ask, facts.user, prefixes).catch(silent)),
    ...named("keys", await checkKeys(ask, prefixes).catch(silent)),
  ];
}

function silent(): Checked {
  return { level: "unknown", message: "The server did not answer this in time." };
}

/** What the settings of a caller's own client can cost. */
function clientFindings(port: RedisPort): Finding[] {
  return (port.advice?.() ?? []).map(({ message, mend }) => ({ check: "client", level: "warning", message, mend }));
}

function unreachable(error: unknown, connectTimeoutMs: number, port: RedisPort): Checked {
  // Our own errors are written for a log. Any other one may hold an address or a password.
  if (isStoreError(error)) return failure(error.message, "See the message.");
  const cause = port.connectionError?.();
  if (isStoreError(cause)) return failure(cause.message, "See the message.");
  return failure(
    `No connection within ${connectTimeoutMs} ms.`,
    "Look whether a Redis listens there, speaks TLS or not as described, and takes this login.",
  );
}
