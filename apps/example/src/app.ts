// The gateway's HTTP side: what a request meets, in the order in which it does.
import { getConnInfo } from "@hono/node-server/conninfo";
import { isStoreError, rateLimiter, type Stores } from "@tollbooth-stores/core";
import {
  clientIp,
  limit,
  type PaidEnv,
  paid,
  type RequestSession,
  sellSession,
  session,
  storeFailure,
} from "@tollbooth-stores/hono";
import { problem, responseOf } from "@tollbooth-stores/http";
import { type Handler, Hono, type MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { GatewayConfig, Limit, RouteConfig } from "./gateway-config.ts";
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
  /** True from the stop signal on: not ready any more, but requests are still taken. */
  stopping(): boolean;
}

type Env = PaidEnv & { Variables: { session: RequestSession<SessionData> } };
type SessionRoute = Exclude<RouteConfig, { kind: "per-request" }>;

const maxBodyBytes = 65_536;
/** The quota that a route of kind "calls" spends from. */
const calls = "calls";
const refusal = (status: number, code: string, message: string) => responseOf(problem(status, code, message));

export function gatewayApp({ config, stores, sales, stopping }: GatewayParts): Hono<Env> {
  const { sessions, rateLimits } = stores;
  const limiter = (name: string, rule: Limit) => rateLimiter(rateLimits, { name, ...rule });
  const address = clientIp({ connInfo: getConnInfo, trustedProxies: config.trustedProxies });
  const byAddress = limit(limiter("ip", config.limits.perIp), address);
  const upstream: MiddlewareHandler<Env> = (c) => callUpstream(c, config.upstream, c.get("payment"));

  const app = new Hono<Env>();
  app.use(async (c, next) => {
    await next();
    // Tells keep-alive clients to come back on another connection, that is to another instance.
    if (stopping()) c.res.headers.set("connection", "close");
  });
  app.get("/", (c) => c.json({ routes: config.routes.map(shown), health: ["/healthz", "/readyz"] }));
  app.get("/healthz", (c) => c.text("ok\n"));
  app.get("/readyz", async (c) => {
    // ping() would succeed on a read-only replica and on a full Redis, where every payment fails.
    const trouble = stopping() ? "stopping" : await stores.check().then(() => undefined, troubleOf);
    return c.json({ ready: trouble === undefined, stores: trouble ?? "ok" }, trouble === undefined ? 200 : 503);
  });

  const bodyTooLarge = () => refusal(413, "body_too_large", `At most ${maxBodyBytes} bytes are taken.`);
  app.use(bodyLimit({ maxSize: maxBodyBytes, onError: bodyTooLarge }));
  for (const route of config.routes) {
    const { method, path } = route;
    const rule = limiter(`payer ${method} ${path}`, route.perPayer ?? config.limits.perPayer);
    if (route.kind === "per-request") {
      // Behind paid() the payer is proven, and a handler that answers 429 is not charged for.
      const byPayer = limit(rule, (c) => c.get("payment")?.payer?.toLowerCase());
      app.on(method, path, byAddress, paid(sales.requests, { maxBodyBytes }), byPayer, upstream);
      continue;
    }
    const opened = session<SessionData>({ sessions, bearer: true, required: false });
    const byHolder = limit(rule, (c) => c.get("session").record?.data.payer);
    const isOpen = ({ record }: RequestSession<SessionData>) =>
      record?.data.route === `${method} ${path}` &&
      (route.kind === "time-window" || (record.quotas?.[calls] ?? 0n) > 0n);
    /** A payment buys a session, or prolongs the one that is presented. With neither, the answer is the price. */
    const unlessOpen =
      (middleware: MiddlewareHandler | Handler): MiddlewareHandler<Env> =>
      (c, next) => {
        const pays = c.req.header("payment-signature") !== undefined || c.req.method !== method;
        return isOpen(c.get("session")) && !pays ? next() : middleware(c, next);
      };
    const sale = paid(sales.sessions, { maxBodyBytes });
    app.on(
      method,
      path,
      byAddress,
      opened,
      unlessOpen(sale),
      unlessOpen(sell(route)),
      byHolder,
      spend(route),
      upstream,
    );
  }

  app.notFound(() => refusal(404, "not_found", "There is nothing here; GET / lists what there is."));
  app.onError((error, c) => {
    if (c.req.raw.signal.aborted) return refusal(400, "client_gone", "The client went away.");
    const known = storeFailure(error);
    if (known !== undefined) return responseOf(known);
    console.error(`gateway: ${error.stack ?? error.message}`);
    return refusal(500, "internal_error", "Something went wrong here.");
  });
  return app;

  function sell(route: SessionRoute): Handler {
    const isTime = route.kind === "time-window";
    return sellSession<SessionData>({
      sessions,
      bearer: true,
      secret: config.sessionSecret,
      grant: isTime
        ? { extendMs: route.window }
        : { extendMs: route.validFor, quotas: { [calls]: BigInt(route.calls) } },
      data: ({ payer = "" }) => ({ payer: payer.toLowerCase(), route: `${route.method} ${route.path}` }),
    });
  }
}

/** Takes one call where calls are sold, and gives it back where nothing was delivered for it. */
function spend(route: SessionRoute): MiddlewareHandler<Env> {
  return async (c, next) => {
    const held = c.get("session");
    c.header("x-session-expires", new Date(held.record?.expiresAtMs ?? 0).toISOString());
    if (route.kind === "time-window") return next();
    const spent = await held.spend(calls);
    if (spent.status !== "ok") return refusal(402, "no_calls_left", "The last call was used. Buy more.");
    c.header("x-calls-left", String(spent.remaining));
    await next();
    if (c.res.status >= 500) await spent.giveBack();
    return undefined;
  };
}

function troubleOf(error: unknown): string {
  return isStoreError(error, "STORE_CAPACITY") ? "full" : "unwritable";
}

function shown({ method, path, kind, price, description }: RouteConfig): object {
  return { method, path, kind, price, description };
}
