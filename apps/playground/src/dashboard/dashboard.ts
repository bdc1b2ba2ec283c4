// The live dashboard: a page at "/" for browsers, its events and its actions, over what the fleet and its logs tell.

import { randomBytes } from "node:crypto";
import { readGatewayReport } from "@tollbooth-stores/example";
import type { OwnPages } from "../fleet/front.ts";
import type { Fleet, FleetOptions } from "../fleet/start-fleet.ts";
import { answerAction } from "./action-requests.ts";
import type { ActionContext } from "./actions/action.ts";
import { type Actions, actions } from "./actions/run-action.ts";
import { clients } from "./clients.ts";
import { comparison } from "./comparison.ts";
import { eventStream } from "./event-stream.ts";
import { pageFiles } from "./page-files.ts";
import { paymentLogs } from "./payment-logs.ts";
import type { DashboardState } from "./state.ts";
import { storeLatency } from "./store-latency.ts";
import { storeReach } from "./store-reach.ts";
import { traffic } from "./traffic.ts";

export interface Dashboard {
  /** What the fleet is started with. */
  hooks: Required<Pick<FleetOptions, "pages" | "onPassed" | "onInstance" | "onReport">>;
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
  /** Whether a Redis could be started for the comparison. */
  redisFound: boolean;
}

/** Changes that only the passing of time makes are looked for this often, in milliseconds. */
const tickMs = 1_000;

export function dashboard({ programs, logDirectory, redisFound }: DashboardOptions): Dashboard {
  const token = randomBytes(32).toString("base64url");
  const files = pageFiles(new URL("dashboard/", programs), token);
  const now = () => Date.now();
  const startedAt = now();
  const passing = traffic(now);
  const stores = storeLatency(now);
  const reach = storeReach();
  const compared = comparison({ programs, redisFound, onChange: () => stream.touch() });
  let about: { provider: string; shared: boolean } | undefined;
  let running: { fleet: Fleet; actions: Actions } | undefined;
  const known = clients({
    now,
    // Until the whole fleet runs nobody can say which processes it has.
    alive: (pid) => running === undefined || running.fleet.instances.list().some((one) => one.pid === pid),
  });

  const sections = (): Partial<DashboardState> => {
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
      allowances: allowances.shown,
      sessions: sessions.shown,
      more: { allowances: allowances.more, sessions: sessions.more },
      stores: stores.state(),
      recent: passing.recent(),
      actions: running?.actions.state() ?? { latest: [], running: [], canReplay: false },
      comparison: compared.state(),
    };
  };
  const stream = eventStream({ sections });
  const payments = paymentLogs(logDirectory, () => stream.touch());
  const tick = setInterval(() => stream.touch(), tickMs).unref();

  let closing: Promise<void> | undefined;
  const closeAll = async () => {
    clearInterval(tick);
    stream.close();
    await payments.close();
    await compared.close();
  };

  const pages: OwnPages = (request, response) => {
    const { method = "", url = "" } = request;
    const path = url.split("?", 1).join("");
    const reads = method === "GET" || method === "HEAD";
    if (path === "/" && reads && /\btext\/html\b/.test(request.headers.accept ?? "")) {
      files.page(request, response);
      return true;
    }
    if (path !== "/dashboard" && !path.startsWith("/dashboard/")) return false;
    const action = /^\/dashboard\/actions\/([a-z]+)$/.exec(path)?.[1];
    if (action !== undefined && running !== undefined) {
      void answerAction(running.actions, token, action, request, response).catch(() => response.destroy());
    } else if (path === "/dashboard/events" && method === "GET") stream.open(response);
    else if (!reads || !files.file(path, response)) {
      response.writeHead(404, { "content-type": "text/plain", connection: "close" });
      response.end("There is nothing here; the dashboard is at /.\n");
    }
    return true;
  };

  return {
    hooks: {
      pages,
      onPassed(request) {
        passing.passed(request);
        stream.touch();
      },
      onInstance: () => stream.touch(),
      onReport(instance, message) {
        const report = readGatewayReport(message);
        if (report === undefined) return;
        about = { provider: report.provider, shared: report.shared };
        known.heard(instance, report);
        reach.heard(report);
        stores.heard(report.operations);
        stream.touch();
      },
    },
    attach(fleet) {
      const { url, config, instances } = fleet;
      const context: ActionContext = { url, config, instances, lastPayment: undefined };
      const onChange = () => stream.touch();
      running = { fleet, actions: actions({ context, token, compare: compared.order, onChange }) };
      stream.touch();
    },
    close() {
      closing ??= closeAll();
      return closing;
    },
  };
}
