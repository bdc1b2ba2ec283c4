// limit() on Hono with each key that a keyOf may return.
import { limitKeysSuite } from "@tollbooth-stores/http-testkit/suites";
import { Hono } from "hono";
import { limit } from "./limit.ts";

limitKeysSuite(async ({ rule, keyOf, handled, failed }) => {
  const app = new Hono();
  app.onError((error, c) => {
    failed(error);
    return c.text("failed", 500);
  });
  app.get("/", limit(rule, keyOf), (c) => {
    handled();
    return c.text("ok");
  });
  return async () => app.request("/");
});
