// An examination of a Redis: is it safe for payments? It reads, and changes nothing.
import { isStoreError } from "@tollbooth-stores/core";
import { connectionMend, isConnectionRefused } from "../connection/connection-failures.ts";
import { DEFAULT_COMMAND_TIMEOUT_MS, DEFAULT_CONNECT_TIMEOUT_MS } from "../connection/default-timeouts.ts";
import type { RedisPort } from "../redis-port.ts";
import { examineServer } from "./examine-server.ts";
import { costing, type Finding, failure, type Keeps, NOTHING_SOLD, ok, unknown } from "./finding.ts";
import type { RefusedQuestions } from "./refused-questions.ts";
import { checkSentinels } from "./sentinel-check.ts";

export interface ExamineOptions {
  /** "money": payments or sessions are kept there. "limits": rate limits only, which may be forgotten. */
  keeps: Keeps;
  /** The stores' key prefixes, e.g. "tollbooth:verify", without the client's own. */
  prefixes: readonly string[];
  /** Leaves out what costs no payment: network, clock and keys. Default false. */
  criticalOnly?: boolean | undefined;
  /** How long to wait for the connection, in milliseconds. Default 5,000. */
  connectTimeoutMs?: number | undefined;
  /** How long a call of the stores may take, in milliseconds: a server that is farther away is an error. Default 500. */
  commandTimeoutMs?: number | undefined;
  /** How long each question may take, in milliseconds. Default 1,000, or `commandTimeoutMs` where that is longer. */
  askTimeoutMs?: number | undefined;
  /** For examinations that are repeated: of what a server refused, one question is asked again. Default: all is asked. */
  refused?: RefusedQuestions | undefined;
}

/**
 * What was found on every primary that the port knows, and on their replicas that can be reached. Never rejects: a server that
 * does not answer is a finding. Each question has its own deadline.
 */
export async function examineRedis(
  port: RedisPort,
  { keeps, prefixes, criticalOnly = false, connectTimeoutMs = DEFAULT_CONNECT_TIMEOUT_MS, ...options }: ExamineOptions,
): Promise<readonly Finding[]> {
  const { commandTimeoutMs = DEFAULT_COMMAND_TIMEOUT_MS, refused } = options;
  const askTimeoutMs = options.askTimeoutMs ?? Math.max(1_000, commandTimeoutMs);
  if (port.servers === undefined) {
    return [{ check: "reachable", ...unknown("servers", "This port cannot be asked about its servers.") }];
  }
  try {
    await port.ready(AbortSignal.timeout(connectTimeoutMs));
    const servers = await port.servers(askTimeoutMs);
    if (servers.length === 0) throw new Error("A cluster without a primary.");
    const security = port.security?.() ?? { tls: undefined, password: undefined };
    const about = { port, security, keeps, prefixes, criticalOnly, commandTimeoutMs, askTimeoutMs, refused };
    const [sentinels, ...found] = await Promise.all([
      checkSentinels(port.sentinels?.(), about),
      ...servers.map((server) => examineServer(server, about)),
    ]);
    const ofSentinels = sentinels.map((each): Finding => ({ check: "sentinels", ...each }));
    return [...found.flat(), ...ofSentinels, ...clientFindings(port)].map((each) => costing(each, keeps));
  } catch (error) {
    return [costing(unreachable(error, connectTimeoutMs, port), keeps)];
  }
}

/** What the settings of a caller's own client can cost. */
function clientFindings(port: RedisPort): Finding[] {
  const advice = port.advice?.();
  if (advice === undefined) {
    return [
      {
        check: "client",
        ...unknown("queueing", "The client does not tell whether it queues commands or sends them again."),
      },
    ];
  }
  if (advice.length === 0) {
    return [{ check: "client", ...ok("The client queues no call, sends none again, and connects anew.") }];
  }
  return advice.map((each) => ({ check: "client", level: "warning", ...each }));
}

function unreachable(error: unknown, connectTimeoutMs: number, port: RedisPort): Finding {
  const addresses = port.addresses?.() ?? [];
  const [server, ...more] = addresses;
  const to = more.length === 0 ? "" : ` to any of ${addresses.join(", ")}`;
  const about = { check: "reachable", ...(server !== undefined && more.length === 0 && { server }) } as const;
  const cause = port.connectionError?.();
  if (isConnectionRefused(cause)) {
    const message = `The connection${to} is refused. ${NOTHING_SOLD}`;
    return { ...about, ...failure("refused", message, connectionMend(cause)), refused: true };
  }
  if (isStoreError(error))
    return { ...about, ...failure("no-connection", `There is no connection${to}. ${NOTHING_SOLD}`, error.message) };
  const message = `There is no connection${to} within ${connectTimeoutMs} ms. ${NOTHING_SOLD}`;
  return { ...about, ...failure("no-connection", message, connectionMend(cause)) };
}
