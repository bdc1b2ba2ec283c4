// Requests that a client sends at once on one connection.
import { ownTurnSuite } from "@tollbooth-stores/http-testkit/suites";
import type { Express, NextFunction, Request, Response } from "express";
import { failOnCrash, listen } from "./app.test-support.ts";
import { paid } from "./paid.ts";

failOnCrash();

ownTurnSuite(({ gate, slow, failed }) =>
  listen((app: Express) => {
    app.get("/slow", async (_request, response) => {
      await slow();
      response.end("slow");
    });
    app.get("/sold", paid(gate), (_request, response) => void response.end("made"));
    app.use((error: unknown, _request: Request, _response: Response, next: NextFunction) => {
      failed(error);
      next(error);
    });
  }),
);
