// Asks an application both ways: in process, and through @hono/node-server, which puts a Response of its own in the global one's place.
import type { AddressInfo } from "node:net";
import { serve } from "@hono/node-server";
import type { Env, Hono } from "hono";
import { onTestFinished } from "vitest";

/** In this order: what `serve()` puts in place stays for the rest of the file. */
export const bothWays = ["app.request", "serve()"] as const;

/** Like `app.request`, by the way that is named. Redirects are not followed. */
export async function asker<E extends Env>(
  app: Hono<E>,
  way: (typeof bothWays)[number],
): Promise<(path: string, init?: RequestInit) => Promise<Response>> {
  if (way === "app.request") return async (path: string, init?: RequestInit) => app.request(path, init);
  const { port } = await new Promise<AddressInfo>((resolve) => {
    const server = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, resolve);
    onTestFinished(() => {
      server.close();
      if ("closeAllConnections" in server) server.closeAllConnections();
    });
  });
  return (path: string, init?: RequestInit) =>
    fetch(`http://127.0.0.1:${port}${path}`, { redirect: "manual", ...init });
}
