// The gateway's HTTP side: what a request meets, in the order in which it does.
import { getConnInfo } from "@hono/node-server/conninfo";
import { rateLimiter, type Stores } from "@tollbooth-stores/core";
import * as tollbooth from "@tollbooth-stores/hono";
import { bodyTooLarge, errorForLog, type NotReady, problem, readiness, responseOf } from "@tollbooth-stores/http";
import { type Context, type Handler, Hono, type MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { Logger } from "pino";
import { type GatewayConfig, type Limit, nameOf, type RouteConfig } from "./gateway-config.ts";
import { requestLog } from "./log.ts";
import type { Sales } from "./sales.ts";
import { callUpstream } from "./upstream.ts";

/** What a session remembers: who paid for it, and the one route that it opens. */
export interface SessionData {
  payer: string;
  route: string;
}

export interface GatewayParts {
  config: GatewayConfig;
  stores: Stores<SessionData>;
  sales: Sales;
  log: Logger;
  /** True from the stop signal on: not ready any more, but requests are still taken. */
  stopping(): boolean;
}

type Env = tollbooth.PaidEnv & { Variables: { session: tollbooth.RequestSession<SessionData> } };
type SessionRoute = Exclude<RouteConfig, { kind: "per-request" }>;

const maxBodyBytes = 65_536;
/** The quota that a route of kind "calls" spends from. */
const calls = "calls";
const refusal = (status: number, code: string, message: string) => responseOf(problem(status, code, message));

export function gatewayApp({ config, stores, sales, log, stopping }: GatewayParts): Hono<Env> {
  const limiter = (name: string, rule: Limit) => rateLimiter(stores.rateLimits, { name, ...rule });
  const address = tollbooth.clientIp({ connInfo: getConnInfo, trustedProxies: config.trustedProxies });
  // A payer who was charged, and asks again for the answer, is never refused for asking.
  const byAddress = (unlessKnownTo: Sales["requests"]) =>
    tollbooth.limit(limiter("ip", config.limits.perIp), address, { unlessKnownTo });
  const byPayer = (route: RouteConfig, payerOf: (c: Context) => string | undefined) =>
    tollbooth.limit(limiter(`payer ${nameOf(route)}`, route.perPayer ?? config.limits.perPayer), payerOf);
  const opened = tollbooth.session<SessionData>({ sessions: stores.sessions, bearer: true, required: false });
  const upstream: Handler<Env> = (c) => callUpstream(c, config.upstream, c.get("payment"));

  const app = new Hono<Env>();
  app.use(requestLog(log));
  app.use(async (c, next) => {
    await next();
    // Tells keep-alive clients to come back on another connection, that is to another instance.
    if (stopping()) c.res.headers.set("connection", "close");
  });
  app.get("/", (c) => c.json({ routes: config.routes, health: ["/healthz", "/readyz"] }));
  app.get("/healthz", (c) => c.text("ok\n"));
  const changed = (why?: NotReady) => (why === undefined ? log.info("ready again") : log.warn(why, "not ready"));
  const ready = readiness(stores, { stopping, changed });
  app.get("/readyz", async () => responseOf(await ready()));

  app.use(bodyLimit({ maxSize: maxBodyBytes, onError: () => responseOf(bodyTooLarge(maxBodyBytes)) }));
  for (const route of config.routes) {
    const { method, path } = route;
    if (route.kind === "per-request") {
      const sold = tollbooth.paid(sales.requests, { maxBodyBytes });
      // Behind paid() the payer is proven, and a handler that answers 429 is not charged for.
      const byProven = byPayer(route, (c) => c.get("payment")?.payer?.toLowerCase());
      app.on(method, path, byAddress(sales.requests), sold, byProven, upstream);
      continue;
    }
    const buy = unlessOpen(route, tollbooth.paid(sales.sessions, { maxBodyBytes }));
    const sell = unlessOpen(route, tollbooth.sellSession(saleOf(route)));
    const byHolder = byPayer(route, (c) => c.get("session").record?.data.payer);
    app.on(method, path, byAddress(sales.sessions), opened, buy, sell, byHolder, spend(route), upstream);
  }

  app.notFound(() => refusal(404, "not_found", "There is nothing here; GET / lists what there is."));
  app.onError((error, c) => {
    if (c.req.raw.signal.aborted) return refusal(400, "client_gone", "The client went away.");
    const known = tollbooth.storeFailure(error);
    if (known === undefined) log.error(errorForLog(error), "unforeseen error");
    return known === undefined ? refusal(500, "internal_error", "Something went wrong here.") : responseOf(known);
  });
  return app;

  function saleOf(route: SessionRoute): tollbooth.SellSessionOptions<SessionData> {
    const isTime = route.kind === "time-window";
    return {
      ...{ gate: sales.sessions, sessions: stores.sessions },
      bearer: true,
      secret: config.sessionSecret,
      grant: isTime
        ? { extendMs: route.window }
        : { extendMs: route.validFor, quotas: { [calls]: BigInt(route.calls) } },
      data: ({ payer = "" }) => ({ payer: payer.toLowerCase(), route: nameOf(route) }),
      prolongs: ({ data }) => data.route === nameOf(route),
    };
  }
}

/** A payment buys a session, or prolongs the one that is presented. With neither, the answer is the price. */
function unlessOpen(route: SessionRoute, middleware: MiddlewareHandler | Handler): MiddlewareHandler<Env> {
  return (c, next) => {
    const { record } = c.get("session");
    const isLeft = route.kind === "time-window" || (record?.quotas?.[calls] ?? 0n) > 0n;
    const pays = c.req.header("payment-signature") !== undefined || c.req.method !== route.method;
    return record?.data.route === nameOf(route) && isLeft && !pays ? next() : middleware(c, next);
  };
}

/** Takes one call where calls are sold, and gives it back where nothing was delivered for it. */
function spend({ kind }: SessionRoute): MiddlewareHandler<Env> {
  const spendCall = tollbooth.spend(calls, { header: "x-calls-left" });
  return (c, next) => {
    c.header("x-session-expires", new Date(c.get("session").record?.expiresAtMs ?? 0).toISOString());
    return kind === "calls" ? spendCall(c, next) : next();
  };
}
