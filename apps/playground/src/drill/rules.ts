// What a gateway's configuration promises, in the terms of the drill: limits, and how long and for how much sessions are open.
import type { GatewayConfig, RouteConfig } from "@tollbooth-stores/example";
import type { Rules } from "./evidence.ts";
import { type DrillRequest, TraceError } from "./trace.ts";

const openMs = (route: RouteConfig): number =>
  route.kind === "per-request" ? 0 : route.kind === "calls" ? route.validFor : route.window;

export function rulesOf({
  limits,
  routes,
  facilitator,
  upstream,
}: Pick<GatewayConfig, "limits" | "routes" | "facilitator" | "upstream">): Rules {
  return {
    perIp: limits.perIp,
    stepMs: Math.max(facilitator.timeout, upstream.timeout),
    routes: new Map(
      routes.map((route) => [
        route.path,
        {
          method: route.method,
          kind: route.kind,
          perPayer: route.perPayer ?? limits.perPayer,
          openMs: openMs(route),
          calls: route.kind === "calls" ? route.calls : undefined,
        },
      ]),
    ),
  };
}

/** Throws a TraceError, with the requests' ids, where the traffic asks for what the configuration does not sell. */
export function checkRoutes(requests: readonly DrillRequest[], { routes }: Rules): void {
  const wrong = requests.filter(({ action, route }) => {
    const sold = routes.get(route);
    if (sold === undefined) return true;
    return action === "pay" ? sold.kind !== "per-request" : action !== "ask" && sold.kind === "per-request";
  });
  if (wrong.length === 0) return;
  const named = wrong.slice(0, 5).map(({ id, action, route }) => `${id} (${action} ${route})`);
  const sold = [...routes].map(([path, { kind }]) => `${path} (${kind})`).join(", ");
  throw new TraceError(
    `${wrong.length} request(s) ask for what is not sold so, e.g. ${named.join(", ")}. Sold are: ${sold}.`,
  );
}
