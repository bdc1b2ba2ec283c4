// An Express application that listens, for tests.
import { createServer, type ServerOptions } from "node:http";
import type { AddressInfo } from "node:net";
import express, { type Express } from "express";
import { afterEach, beforeEach, expect, onTestFinished } from "vitest";

export type Ask = (path: string, init?: RequestInit) => Promise<Response>;

/** Listens until the test is over. */
export async function listen(
  setUp: (app: Express) => void,
  options: ServerOptions = {},
): Promise<Ask & { port: number }> {
  const app = express();
  // Errors are not printed.
  app.set("env", "test");
  setUp(app);
  const server = createServer(options, app);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return Object.assign((path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${port}${path}`, init), { port });
}

/** Each test of the file fails where an error ends nowhere. */
export function failOnCrash(): void {
  const crashes: unknown[] = [];
  const onCrash = (error: unknown) => crashes.push(error);
  beforeEach(() => {
    crashes.length = 0;
    process.on("unhandledRejection", onCrash).on("uncaughtException", onCrash);
  });
  afterEach(() => {
    process.off("unhandledRejection", onCrash).off("uncaughtException", onCrash);
    expect(crashes).toEqual([]);
  });
}
