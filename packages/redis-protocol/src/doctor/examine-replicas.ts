// The replicas of a primary: a failover makes one of them the primary, with its own configuration and its own users.
import { isStoreError } from "@tollbooth-stores/core";
import type { ResolvedNode } from "../connection/connection.ts";
import { hopelessConnection } from "../connection/connection-failures.ts";
import { addressOf } from "../connection/establish.ts";
import { LoginRefused } from "../connection/login-refused.ts";
import { errorWord } from "../connection/redis-errors.ts";
import type { AskServer } from "../connection/scan-keys.ts";
import type { RedisPort, VisitedServer } from "../redis-port.ts";
import { type About, askOf } from "./about.ts";
import { checkUsers } from "./access-checks.ts";
import { checkPersistence } from "./durability-checks.ts";
import { type Checked, counted, type Finding, NOTHING_SOLD, namedFor, ok, unknown, warning } from "./finding.ts";
import { checkLoadingUser } from "./loading-user-check.ts";
import { checkEviction } from "./memory-checks.ts";
import { replicaAddresses } from "./replica-addresses.ts";
import { checkReplicaMemory, followed, replicaKind } from "./replica-checks.ts";
import { checkRights } from "./rights-check.ts";
import { checkVersion } from "./server-checks.ts";
import { type ServerFacts, serverFacts } from "./server-facts.ts";

export interface Primary {
  /** "host:port", or a number. */
  readonly name: string;
  readonly ask: AskServer;
  /** What the client puts before the stores' keys. */
  readonly keyPrefix: string;
  /** The database of the stores' connection. */
  readonly db: number;
  readonly facts: ServerFacts;
}

/** How many replicas of one primary are examined at the same time. */
const AT_ONCE = 8;
/** In milliseconds. No other replica is begun after that: each one that hangs takes a second or more. */
const BEGIN_MS = 5_000;
const LOOK = "Run the doctor beside it, by --url.";

const CAN_REPLACE = "a failover can make it the primary.";
const FILLING = "it is being filled, and a failover can make it the primary after that.";

/** Never rejects. A replica that cannot be reached from here is unknown: gateways need not reach it until a failover. */
export async function examineReplicas(primary: Primary, about: About): Promise<readonly Finding[]> {
  const { name, ask, facts } = primary;
  if (facts.info("role") !== "master") return [];
  const named = namedFor(name);
  const visit = about.port.visit?.bind(about.port);
  try {
    const nodes = await replicaAddresses(ask, name, facts);
    if (nodes.length === 0) return [];
    if (visit === undefined) {
      const shown = counted(nodes.length, "replica");
      return named("replication", unknown("not-looked-at", `Your client does not lead to the ${shown}. ${LOOK}`));
    }
    const found: (readonly Finding[])[] = [];
    let begun = 0;
    const endMs = performance.now() + BEGIN_MS;
    const examineInTurn = async () => {
      for (let node = nodes[begun]; node !== undefined && performance.now() < endMs; node = nodes[begun]) {
        const at = begun;
        begun += 1;
        found[at] = await examineReplica(node, primary, about, visit);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, examineInTurn));
    const left = nodes.length - begun;
    if (left === 0) return found.flat();
    const passedOver = `${left} of ${nodes.length} replicas were not looked at: the others took ${BEGIN_MS / 1_000} s.`;
    return [...found.flat(), ...named("replication", unknown("not-looked-at", `${passedOver} ${LOOK}`))];
  } catch {
    return named(
      "replication",
      unknown("not-looked-at", `The server stopped answering before its replicas were known. ${LOOK}`),
    );
  }
}

async function examineReplica(
  node: ResolvedNode,
  primary: Primary,
  about: About,
  visit: NonNullable<RedisPort["visit"]>,
): Promise<readonly Finding[]> {
  const named = namedFor(addressOf(node));
  let visited: VisitedServer | undefined;
  try {
    visited = await visit(node, about.askTimeoutMs);
    return await findingsOf(visited, primary, about);
  } catch (error) {
    return named("role", visited === undefined ? notReached(error, primary) : notTold(error, primary));
  } finally {
    visited?.close();
  }
}

async function findingsOf(visited: VisitedServer, primary: Primary, about: About): Promise<readonly Finding[]> {
  const { keeps, prefixes, security } = about;
  const named = namedFor(visited.name);
  const ask = askOf(visited, about);
  const facts = await serverFacts(ask);
  const kind = replicaKind(facts, primary.facts, primary.name);
  if (kind === undefined)
    return named("role", unknown("untold", `This replica of ${primary.name} tells nothing of itself. ${LOOK}`));
  if (kind === "other") {
    const message = `A replica of ${primary.name} has this address there; from here, another server answers. ${LOOK}`;
    return named("role", unknown("other-server", message));
  }
  if (kind === "unsure") {
    const message =
      `A replica of ${primary.name} has this address there; the server that answers here follows ${followed(facts)}, ` +
      `and has no whole copy yet. Ask again when it has. ${LOOK}`;
    return named("role", unknown("being-filled", message));
  }
  if (kind === "spare") {
    return named("role", ok(`This is a replica of ${primary.name} that never replaces it (replica-priority 0).`));
  }
  const full = prefixes.map((prefix) => primary.keyPrefix + prefix);
  const loading = await checkLoadingUser(ask, facts, { keeps, prefixes: full });
  const rights = await checkRights(ask, facts.user, full, { cluster: about.port.cluster, db: primary.db });
  return [
    ...named("role", ok(`This is a replica of ${primary.name}: ${kind === "filling" ? FILLING : CAN_REPLACE}`)),
    ...named("version", () => checkVersion(facts)),
    ...named("eviction", () => checkEviction(facts, keeps)),
    ...named("persistence", () => checkPersistence(facts, keeps)),
    ...named("memory", () => checkReplicaMemory(facts, primary.facts)),
    ...named("users", () => checkUsers(facts, security, visited.name)),
    ...named("users", loading),
    ...named("rights", rights),
  ];
}

/** Replication does not copy users, so a replica may refuse the login that its primary takes. */
function notReached(error: unknown, { name }: Primary): Checked {
  const word = errorWord(error);
  if (error instanceof LoginRefused || word === "WRONGPASS" || word === "NOAUTH") {
    return warning(
      "login",
      `This replica of ${name} refuses the login. After a failover to it nothing goes on. ${NOTHING_SOLD}`,
      "Give each server the same users and passwords (ACL LOAD, or `user` lines in redis.conf).",
    );
  }
  const why = hopelessConnection(error)?.message;
  return unknown(
    "not-reached",
    `This replica of ${name} cannot be reached from here. ${why === undefined ? LOOK : `${why} ${LOOK}`}`,
  );
}

function notTold(error: unknown, { name }: Primary): Checked {
  // Our own errors name no secret.
  const why = isStoreError(error) ? ` ${error.message}` : "";
  return unknown("no-answer", `This replica of ${name} did not answer.${why} ${LOOK}`);
}
