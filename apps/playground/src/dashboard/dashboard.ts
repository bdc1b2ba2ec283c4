// The live dashboard: a page at "/" for browsers, its events and its actions, over what the fleet and its logs tell.

import { randomBytes } from "node:crypto";
import type { ServerResponse } from "node:http";
import type { GatewayConfig } from "@tollbooth-stores/example";
import type { ChainName } from "../fleet/chain-name.ts";
import type { OwnPages } from "../fleet/front.ts";
import type { Fleet, FleetOptions } from "../fleet/start-fleet.ts";
import { readStoreReport } from "../fleet/store-report.ts";
import { clientIp } from "../process/client-ip.ts";
import { answerAction } from "./action-requests.ts";
import type { ActionContext } from "./actions/action.ts";
import { type Actions, actions } from "./actions/run-action.ts";
import { clients } from "./clients.ts";
import { comparison } from "./comparison.ts";
import { eventStream } from "./event-stream.ts";
import { isKnownHost } from "./known-hosts.ts";
import { isFromForeignPage, standingOf } from "./operator-key.ts";
import { pageFiles } from "./page-files.ts";
import { paymentLogs } from "./payment-logs.ts";
import { answerReader } from "./read-answer.ts";
import { shortAddress } from "./short-address.ts";
import type { DashboardState } from "./state.ts";
import { storeLatency } from "./store-latency.ts";
import { storeReach } from "./store-reach.ts";
import { traffic } from "./traffic.ts";

export interface Dashboard {
  /** The operator's, new at each start: its holder may press the buttons. For the terminal only. */
  key: string;
  /** What the fleet is started with. */
  hooks: Required<Pick<FleetOptions, "pages" | "onConfig" | "onPassed" | "onInstance" | "onReport">>;
  /** From now on the page shows this fleet. */
  attach(fleet: Fleet): void;
  /** Ends the events, and the comparison with all its processes. Idempotent. Call it before the fleet is stopped. */
  close(): Promise<void>;
}

export interface DashboardOptions {
  /** Where the page's files are: `dashboard/` below the built programs. */
  programs: URL;
  /** Where the ledger, its facilitator and the upstream write their logs. */
  logDirectory: string;
  /** What the comparison's ledgers stand on. */
  chain: ChainName;
  /** Whether a Redis could be started for the comparison. */
  redisFound: boolean;
}

/** Changes that only the passing of time makes are looked for this often, in milliseconds. */
const tickMs = 1_000;
/** Readers without the key, in all and of one address. The operator is never kept waiting by them. */
const readersAtMost = { mostReaders: 64, mostOfAddress: 8 };

export function dashboard({ programs, logDirectory, chain, redisFound }: DashboardOptions): Dashboard {
  const key = randomBytes(32).toString("base64url");
  const files = pageFiles(new URL("dashboard/", programs));
  const now = () => Date.now();
  const startedAt = now();
  const passing = traffic(now);
  const stores = storeLatency(now);
  const reach = storeReach();
  const compared = comparison({ programs, chain, redisFound, onChange: () => touch() });
  let config: GatewayConfig | undefined;
  let about: { provider: string; shared: boolean } | undefined;
  let running: { fleet: Fleet; actions: Actions } | undefined;
  const read = answerReader(() => config?.trustedProxies ?? 0);
  const known = clients({
    now,
    // Until the whole fleet runs its processes are not known.
    alive: (pid) => running === undefined || running.fleet.instances.list().some((one) => one.pid === pid),
  });

  const sections = (clientOf: (client: string) => string): Partial<DashboardState> => {
    const instances = running?.fleet.instances.list() ?? [];
    const [allowances, sessions] = [known.allowances(), known.sessions()];
    return {
      about: {
        startedAt,
        url: running?.fleet.url ?? "",
        provider: about?.provider,
        shared: about?.shared ?? false,
        redisFound,
      },
      instances: passing.instances(instances).map((one) => ({ ...one, storesAway: reach.away(one.pid) })),
      payments: payments.counts(),
      allowances: allowances.shown.map((one) => ({ ...one, client: clientOf(one.client) })),
      sessions: sessions.shown,
      more: { allowances: allowances.more, sessions: sessions.more },
      stores: stores.state(),
      recent: passing.recent(),
      actions: running?.actions.state() ?? { latest: [], running: [], canReplay: false },
      comparison: compared.state(),
    };
  };
  const operators = eventStream({ sections: () => sections((client) => client) });
  const readers = eventStream({ sections: () => sections(shortAddress), ...readersAtMost });
  const touch = () => {
    operators.touch();
    readers.touch();
  };
  const payments = paymentLogs(logDirectory, touch);
  const tick = setInterval(touch, tickMs).unref();

  let closing: Promise<void> | undefined;
  const closeAll = async () => {
    clearInterval(tick);
    operators.close();
    readers.close();
    await payments.close();
    await compared.close();
  };

  const events: OwnPages = (request, response) => {
    const standing = standingOf(request.headers, key);
    if (standing === "stranger" || isFromForeignPage(request.headers))
      return tell(response, 403, "The events are for this start's own page; a key must be this start's.");
    const { "x-forwarded-for": forwarded } = request.headers;
    const address = clientIp(request.socket.remoteAddress, forwarded?.toString(), config?.trustedProxies ?? 0);
    (standing === "operator" ? operators : readers).open(response, address);
    return true;
  };

  const pages: OwnPages = (request, response) => {
    const { method = "", url = "" } = request;
    const path = url.split("?", 1).join("");
    const reads = method === "GET" || method === "HEAD";
    const isPage = path === "/" && reads && /\btext\/html\b/.test(request.headers.accept ?? "");
    if (!isPage && path !== "/dashboard" && !path.startsWith("/dashboard/")) return false;
    if (!isKnownHost(request, config ?? {})) return tell(response, 421, unknownHost);
    if (isPage) {
      files.page(request, response);
      return true;
    }
    const action = /^\/dashboard\/actions\/([a-z]+)$/.exec(path)?.[1];
    if (action !== undefined && running !== undefined) {
      void answerAction(running.actions, key, action, request, response).catch(() => response.destroy());
      return true;
    }
    if (path === "/dashboard/events" && method === "GET") return events(request, response);
    return (
      (reads && files.file(path, response)) || tell(response, 404, "There is nothing here; the dashboard is at /.")
    );
  };

  return {
    key,
    hooks: {
      pages,
      onConfig(read) {
        config = read;
      },
      onPassed(request) {
        passing.passed(request);
        const { instance, pid } = request;
        if (instance !== undefined && pid !== undefined)
          known.heard(instance, { pid, shared: about?.shared ?? false }, read(request, now()));
        touch();
      },
      onInstance: touch,
      onReport(_instance, message) {
        const report = readStoreReport(message);
        if (report === undefined) return;
        about = { provider: report.provider, shared: report.shared };
        reach.heard(report);
        stores.heard(report.operations);
        touch();
      },
    },
    attach(fleet) {
      const { url, instances } = fleet;
      const context: ActionContext = { url, config: fleet.config, instances, lastPayment: undefined };
      running = { fleet, actions: actions({ context, key, compare: compared.order, onChange: touch }) };
      touch();
    },
    close() {
      closing ??= closeAll();
      return closing;
    },
  };
}

const unknownHost =
  "The dashboard does not answer under this name. Open it as http://127.0.0.1, or set origin in the configuration.";

/** Always true: the request is taken. The connection ends, whatever else was to come on it. */
function tell(response: ServerResponse, status: number, sentence: string): true {
  response.writeHead(status, { "content-type": "text/plain", "cache-control": "no-store", connection: "close" });
  response.end(`${sentence}\n`);
  return true;
}
