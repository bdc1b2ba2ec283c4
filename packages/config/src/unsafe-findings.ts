// What this process has told as "unsafe" on the connection channel and not as "safe" since. A finding begins once, ends once, and
// may begin again, however many connections lead to its server.
import type { ConnectionMessage } from "@tollbooth-stores/core";
import { publishConnection } from "@tollbooth-stores/core/native";
import type { Examined } from "./store-provider.ts";

interface OpenFinding {
  /** What was checked, and on which server. */
  subject: string;
  /** The "unsafe" as it was told. */
  message: ConnectionMessage;
  /** The connections that find it still. For each: what was unknown in the same examination. */
  foundBy: Map<object, ReadonlySet<string>>;
}

const openFindings = new Map<string, OpenFinding>();
const MOST_OPEN = 1_000;
/** Stands for stores that were closed with a finding that was not mended. Other stores on that server may end it. */
const closedStores = {};

export interface FindingReporter {
  /** Tells errors and warnings of an examination that are new, and the end of those that are mended. */
  report(found: readonly Examined[]): void;
  /** The stores are closed: what they found is not mended by that. */
  close(): void;
}

/** For one configuration's stores. Each of their connections may see the same server with another user. */
export function findingReporter(): FindingReporter {
  const connections = new Map<string, object>();
  return {
    report(found) {
      for (const [name, ofConnection] of byConnection(found)) {
        const connection = connections.get(name) ?? {};
        connections.set(name, connection);
        reportConnection(ofConnection, connection);
      }
    },
    close() {
      for (const connection of connections.values()) {
        for (const { foundBy } of openFindings.values()) {
          const beside = foundBy.get(connection);
          if (foundBy.delete(connection) && beside !== undefined) foundBy.set(closedStores, beside);
        }
      }
    },
  };
}

/** No store has two connections. */
function byConnection(found: readonly Examined[]): Map<string, Examined[]> {
  const connections = new Map<string, Examined[]>();
  for (const each of found) {
    const name = JSON.stringify([each.provider, each.stores]);
    connections.set(name, [...(connections.get(name) ?? []), each]);
  }
  return connections;
}

function reportConnection(found: readonly Examined[], connection: object): void {
  const unsafe = found.filter(({ level }) => level === "error" || level === "warning");
  const beside = new Set(found.filter(({ level }) => level === "unknown").map(identityOf));
  for (const each of unsafe) begin(each, connection, beside);
  const still = new Set(unsafe.map(identityOf));
  const isEnded = endsAfter(found, connection);
  for (const [identity, finding] of openFindings) {
    if (still.has(identity) || !isEnded(finding)) continue;
    finding.foundBy.delete(connection);
    finding.foundBy.delete(closedStores);
    if (finding.foundBy.size > 0) continue;
    openFindings.delete(identity);
    if (!isTold(finding.message)) publishConnection({ ...finding.message, event: "safe" });
  }
}

function begin(unsafe: Examined, connection: object, beside: ReadonlySet<string>): void {
  const identity = identityOf(unsafe);
  let finding = openFindings.get(identity);
  if (finding === undefined) {
    if (openFindings.size >= MOST_OPEN) return;
    finding = { subject: subjectOf(unsafe), message: messageOf(unsafe), foundBy: new Map() };
    if (!isTold(finding.message)) publishConnection(finding.message);
    openFindings.set(identity, finding);
  }
  finding.foundBy.set(connection, beside);
}

/**
 * Whether a connection's examination, which did not find it any more, shows that a finding is over. An unknown may be the same
 * thing, which the server tells no more. One that stood beside the finding is something else.
 */
function endsAfter(found: readonly Examined[], connection: object): (finding: OpenFinding) => boolean {
  const subjects = new Set(found.flatMap(subjectsOf));
  const servers = new Set(found.map(({ server }) => server));
  const unknown = found.filter(({ level }) => level === "unknown");
  const reached = found.filter(({ check }) => check === "reachable");
  const isReached = reached.length > 0 && reached.every(({ level }) => level === "ok");
  return ({ subject, message: { server }, foundBy }) => {
    const mayBeHidden = (isAbout: (each: Examined) => boolean) =>
      unknown.some((each) => isAbout(each) && ![...foundBy.values()].some((beside) => beside.has(identityOf(each))));
    if (subjects.has(subject)) return !mayBeHidden((each) => subjectOf(each) === subject);
    // After a failover, say. A replica is known by its primary alone.
    const hasLeft = server !== undefined && !servers.has(server) && isReached && foundBy.has(connection);
    return hasLeft && !mayBeHidden(({ check }) => check === "replication");
  };
}

/** A subscriber knows a finding by these fields. Without a server, two connections may find the same words. */
function isTold({ provider, server, reason }: ConnectionMessage): boolean {
  return [...openFindings.values()].some(
    ({ message }) => message.provider === provider && message.server === server && message.reason === reason,
  );
}

/** The check of a server, by whichever connection; without a server, of the stores that it concerns. */
function subjectOf({ provider, server, check, stores }: Examined): string {
  return JSON.stringify([provider, check, server ?? stores]);
}

/** A server that answers ends what was found before any server of a cluster, or behind sentinels, was known. */
function subjectsOf(each: Examined): string[] {
  const { server, check, level, ...rest } = each;
  const isReached = server !== undefined && check === "reachable" && level === "ok";
  return isReached ? [subjectOf(each), subjectOf({ ...rest, check, level })] : [subjectOf(each)];
}

/**
 * The topic. A provider's finding without one is known by its words, without the figures, which change from one examination to
 * the next. Without the level: the same fact is a warning where limits alone are kept.
 */
function identityOf(each: Examined): string {
  return `${subjectOf(each)}\n${each.topic ?? each.message.replace(/[\d.]+/g, "#")}`;
}

function messageOf({ check, provider, server, message, mend }: Examined): ConnectionMessage {
  const about = { provider, purpose: "commands", ...(server !== undefined && { server }) } as const;
  const mended = mend === undefined ? "" : ` Mend: ${mend}`;
  return { ...about, event: "unsafe", reason: `${check}: ${message}${mended}` };
}
