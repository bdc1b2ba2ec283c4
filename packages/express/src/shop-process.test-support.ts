// A site in a process of its own, over Redis. Run by two-processes.test.ts.
import { createServer } from "node:http";
import { storeFailure } from "@tollbooth-stores/http";
import { fakeGate } from "@tollbooth-stores/http-testkit";
import { createIoredisStores, rateLimiter } from "@tollbooth-stores/ioredis";
import express, { type Request, type Response } from "express";
import { limit } from "./limit.ts";
import { paid } from "./paid.ts";
import { sellSession, session, spend } from "./session.ts";

const { sessions, rateLimits, check } = createIoredisStores<{ user: string }>({
  connection: { url: process.env.REDIS_URL ?? "" },
});
const app = express();
app.get(
  "/limited",
  limit(rateLimiter(rateLimits, { name: "l", limit: 4, window: "1h" }), ({ originalUrl }) => originalUrl),
  (_request, response) => {
    response.send("ok");
  },
);
const visitor = session({ sessions, bearer: true, required: false });
app.post("/login", visitor, async (request, response) => {
  const { id } = await visitor.of(request).open({ data: { user: "ann" }, idleTtlMs: 60_000, quotas: { calls: 3n } });
  response.json({ session: id });
});
const user = session({ sessions, bearer: true });
app.get("/name", user, (request, response) => response.send(user.of(request).record.data.user));
app.post("/rotate", user, async (request, response) => {
  const moved = await user.of(request).rotate();
  response.json({ moved, session: user.of(request).id });
});
app.get("/call", user, spend("calls"), (_request, response) => response.send("ok"));
const grant = { extendMs: 60_000, quotas: { calls: 3n } };
const gate = fakeGate();
app.post(
  "/sold",
  paid(gate),
  sellSession({ gate, sessions, bearer: true, secret: "s".repeat(32), grant, data: () => ({ user: "ann" }) }),
);
app.use((error: unknown, _request: Request, response: Response, next: (error: unknown) => void) => {
  const refused = storeFailure(error);
  if (refused === undefined) next(error);
  else response.status(refused.status).set(refused.headers).end(refused.body);
});

await check();
const server = createServer(app);
server.listen(0, "127.0.0.1", () => process.send?.(server.address()));
process.once("disconnect", () => process.exit());
