// limit() on Express with each key that a keyOf may return.
import { limitKeysSuite } from "@tollbooth-stores/http-testkit/suites";
import type { NextFunction, Request, Response } from "express";
import { listen } from "./app.test-support.ts";
import { limit } from "./limit.ts";

limitKeysSuite(async ({ rule, keyOf, handled, failed }) => {
  const ask = await listen((app) => {
    app.get("/", limit(rule, keyOf), (_request, response) => {
      handled();
      response.send("ok");
    });
    app.use((error: unknown, _request: Request, response: Response, _next: NextFunction) => {
      failed(error);
      response.status(500).send("failed");
    });
  });
  return () => ask("/");
});
