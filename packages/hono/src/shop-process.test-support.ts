// A site in a process of its own, over Redis. Run by two-processes.test.ts.
import { serve } from "@hono/node-server";
import { responseOf, storeFailure } from "@tollbooth-stores/http";
import { fakeGate } from "@tollbooth-stores/http-testkit";
import { createIoredisStores, rateLimiter } from "@tollbooth-stores/ioredis";
import { Hono } from "hono";
import { limit } from "./limit.ts";
import { paid } from "./paid.ts";
import { sellSession, session, spend } from "./session.ts";

const { sessions, rateLimits, check } = createIoredisStores<{ user: string }>({
  connection: { url: process.env.REDIS_URL ?? "" },
});
const app = new Hono();
app.get(
  "/limited",
  limit(rateLimiter(rateLimits, { name: "l", limit: 4, window: "1h" }), (c) => c.req.query("client") ?? "me"),
  (c) => c.text("ok"),
);
app.post("/login", session({ sessions, bearer: true, required: false }), async (c) => {
  const { id } = await c.var.session.open({ data: { user: "ann" }, idleTtlMs: 60_000, quotas: { calls: 3n } });
  return c.json({ session: id });
});
const user = session({ sessions, bearer: true });
app.get("/name", user, (c) => c.text(c.var.session.record.data.user));
app.post("/rotate", user, async (c) => c.json({ moved: await c.var.session.rotate(), session: c.var.session.id }));
app.get("/call", user, spend("calls"), (c) => c.text("ok"));
const grant = { extendMs: 60_000, quotas: { calls: 3n } };
const gate = fakeGate();
app.post(
  "/sold",
  paid(gate),
  sellSession({ gate, sessions, bearer: true, secret: "s".repeat(32), grant, data: () => ({ user: "ann" }) }),
);
app.onError((error, c) => {
  const refused = storeFailure(error);
  return refused === undefined ? c.text("broken", 500) : responseOf(refused);
});

await check();
serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, ({ port }) => process.send?.({ port }));
process.once("disconnect", () => process.exit());
