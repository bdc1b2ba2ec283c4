// The gateway's HTTP side: the paid routes from the configuration, health, readiness and a list of what there is.
import type { Stores } from "@tollbooth-stores/core";
import { Hono } from "hono";
import { requestIp } from "../client-ip.ts";
import { bodyTooLarge, failure, problem } from "./answers.ts";
import type { GatewayConfig } from "./gateway-config.ts";
import { routeLimits } from "./limits.ts";
import { payPerRequest } from "./pay-per-request.ts";
import { readiness } from "./readiness.ts";
import { askedOf, type Env, maxBodyBytes } from "./request-context.ts";
import { priceRoute } from "./requirements.ts";
import { type SessionData, tokenIssuer } from "./session-token.ts";
import { sessionRoute } from "./use-session.ts";

export interface GatewayParts {
  config: GatewayConfig;
  stores: Stores<SessionData>;
  /** True from the stop signal on: not ready any more, but what is in flight is finished. */
  stopping(): boolean;
}

/** Prices every route first: a price that cannot be charged is a ConfigError, not a surprise at the first request. */
export async function gatewayApp({ config, stores, stopping }: GatewayParts): Promise<Hono<Env>> {
  const app = new Hono<Env>();
  const readyNow = readiness(config, stores);
  const issueToken = tokenIssuer(config.sessionSecret);

  app.use(async (c, next) => {
    await next();
    // Tells keep-alive clients to come back on another connection, that is to another instance.
    if (stopping()) c.res.headers.set("connection", "close");
  });
  app.get("/", (c) =>
    c.json({
      service: "tollbooth-stores example gateway",
      routes: config.routes.map(({ method, path, kind, price, description }) => ({
        method,
        path,
        kind,
        price,
        description,
      })),
      health: ["/healthz", "/readyz"],
    }),
  );
  app.get("/healthz", (c) => c.text("ok\n"));
  app.get("/readyz", async (c) => {
    const { ready, checks } = stopping() ? { ready: false, checks: { stopping: "yes" } } : await readyNow();
    return c.json({ ready, checks }, ready ? 200 : 503);
  });

  // A body that does not tell its length is measured when it is read.
  app.use(async (c, next) => (Number(c.req.header("content-length") ?? 0) > maxBodyBytes ? bodyTooLarge() : next()));
  for (const route of config.routes) {
    const price = await priceRoute(config, route);
    const shared = { config, price, stores, issueToken, limits: routeLimits(stores.rateLimits, config, route) };
    app.on(route.method, route.path, async (c) => {
      // Hono hands HEAD to GET; a payment must not be spent on an answer that is not sent.
      if (c.req.method !== route.method)
        return problem(405, "method_not_allowed", `Use ${route.method}.`, { allow: route.method });
      const ip = requestIp(c.env, c.req.header("x-forwarded-for"), config.trustedProxies);
      const asked = askedOf(c, config);
      const { headers } = c.req.raw;
      if (route.kind === "per-request") return payPerRequest({ ...shared, route }, asked, headers, ip);
      return sessionRoute({ ...shared, route }, asked, headers, ip);
    });
  }

  app.notFound(() => problem(404, "not_found", "There is nothing here; GET / lists what there is."));
  app.onError((error, c) => {
    // Nobody is there to hear of it, and it was nothing of ours that failed.
    if (c.req.raw.signal.aborted) return problem(400, "client_gone", "The client went away.");
    const answer = failure(error);
    // The store's failures are its telemetry's to tell; what nobody expected is told here.
    if (answer.status === 500) console.error(`gateway: ${error.stack ?? error.message}`);
    return answer;
  });
  return app;
}
