// Middleware in front that makes a failure's answer anew after its end, as one that compresses in the background: the head is of its bytes.
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { createMemoryStores } from "@tollbooth-stores/memory";
import type { Response as ExpressResponse, NextFunction, Request } from "express";
import { expect, test } from "vitest";
import { failOnCrash, listen } from "./app.test-support.ts";
import type { Handler } from "./late-handlers.test-support.ts";
import { paid } from "./paid.ts";
import { session, spend } from "./session.ts";

failOnCrash();

const text = "no goods today ".repeat(50);

const compressesInBackground: Handler = (_request, response, next) => {
  const { end } = response;
  let isEnded = false;
  Object.assign(response, {
    end(bytes: string | Uint8Array) {
      if (!isEnded)
        void promisify(gzip)(bytes).then((made) => {
          response.setHeader("content-encoding", "gzip").setHeader("content-length", made.length);
          Reflect.apply(end, response, [made]);
        });
      isEnded = true;
      return response;
    },
  });
  next();
};

const failing: Record<string, () => Promise<Handler[]>> = {
  "a gate": async () => [
    paid({
      handle(_context, _body, serve) {
        void serve({ key: "one", fence: "1", signal: new AbortController().signal }).catch(() => undefined);
        return Promise.reject(new Error(text));
      },
    }),
    () => undefined,
  ],
  "a handler behind spend()": async () => {
    const { sessions } = createMemoryStores<object>();
    const created = await sessions.create({ data: {}, idleTtlMs: 60_000, quotas: { calls: 2n } });
    if (created.status !== "ok") throw new Error("No session was made.");
    const { id } = created.record;
    const asOwner: Handler = (request, _response, next) => {
      request.headers.authorization = `Bearer ${id}`;
      next();
    };
    return [asOwner, session({ sessions, bearer: true }), spend("calls"), () => Promise.reject(new Error(text))];
  },
};

test.each(Object.keys(failing))(
  "the failure of %s reaches its client, with the head of what was made of it",
  async (which) => {
    const handlers = (await failing[which]?.()) ?? [];
    const app = await listen((express) => {
      express.use(compressesInBackground);
      express.get("/sold", ...handlers);
      express.use((error: Error, _request: Request, response: ExpressResponse, _next: NextFunction) => {
        response.status(500).send(error.message);
        response.setHeader("x-late", "1");
      });
    });
    const answer = await app("/sold", { signal: AbortSignal.timeout(2000) });
    expect([answer.status, answer.headers.get("content-encoding"), await answer.text()]).toEqual([500, "gzip", text]);
    expect(answer.headers.get("x-late")).toBe(null);
  },
);
