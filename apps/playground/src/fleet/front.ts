// The front: one port for all instances. Round robin, no retries, and an honest 503 where an instance was lost.

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { portOf } from "@tollbooth-stores/example/process";
import { createProxyServer } from "httpxy";
import type { Instances } from "./instances.ts";

/** One request that went through the front, once its answer is out. */
export interface Passed {
  instance: string | undefined;
  method: string;
  /** Raw path and query. */
  path: string;
  /** The socket's address. */
  client: string;
  /** 0: the connection ended before the whole answer was out. */
  status: number;
  /** From the first byte of the request to the last of the answer, in milliseconds. */
  ms: number;
}

/** What the front answers itself: true if it has taken the request. */
export type OwnPages = (request: IncomingMessage, response: ServerResponse) => boolean;

export interface Front {
  port: number;
  url: string;
  /** /readyz says 503 and connections are sent away for `drainMs`; then nothing new; then what is in flight. */
  stop(drainMs: number, graceMs: number): Promise<void>;
}

export interface FrontOptions {
  host: string;
  /** 0: any free one. */
  port: number;
  /** Known later than the port is taken. */
  instances(): Pick<Instances, "take"> | undefined;
  pages?: OwnPages | undefined;
  onPassed?: ((passed: Passed) => void) | undefined;
}

/** Which instance answered, for whoever follows a session from hop to hop. */
const instanceHeader = "x-instance";

/** More than the gateway takes, so that it is the gateway that says 431. */
const maxHeaderBytes = 65_536;

/** Rejects with the server's own error where the port cannot be had. */
export async function startFront({ host, port, instances, pages, onPassed }: FrontOptions): Promise<Front> {
  const served = new WeakMap<IncomingMessage, string>();
  let stopping = false;
  const proxy = createProxyServer();
  proxy.on("proxyRes", (answer, request) => {
    const instance = served.get(request);
    if (instance !== undefined) answer.headers[instanceHeader] = instance;
    if (stopping) answer.headers.connection = "close";
  });
  const server = createServer({ maxHeaderSize: maxHeaderBytes }, async (request, response) => {
    if (stopping) response.setHeader("connection", "close");
    if (stopping && request.url === "/readyz") return refuse(response, "stopping", "The gateway is stopping.");
    if (pages?.(request, response) === true) return;
    const started = performance.now();
    const turn = instances()?.take();
    const client = request.socket.remoteAddress ?? "";
    response.once("close", () => {
      turn?.release();
      const { method = "", url = "" } = request;
      const status = response.writableFinished ? response.statusCode : 0;
      const ms = performance.now() - started;
      onPassed?.({ instance: turn?.name, method, path: url, client, status, ms });
    });
    if (turn === undefined) return refuse(response, "no_instance", "No instance is up just now; send it again.");
    served.set(request, turn.name);
    const before = request.headers["x-forwarded-for"];
    const forwarded = before === undefined ? client : `${String(before)}, ${client}`;
    await proxy
      .web(request, response, { target: turn.url, headers: { "x-forwarded-for": forwarded } })
      // Perhaps it was handled, perhaps not: never sent to another instance by us.
      .catch(() =>
        refuse(response, "instance_lost", "The instance was lost; send the same request, and payment, again."),
      );
  });
  server.on("clientError", (error, socket) => {
    const tooLarge = "code" in error && error.code === "HPE_HEADER_OVERFLOW";
    if (socket.writable)
      socket.end(`HTTP/1.1 ${tooLarge ? "431 Request Header Fields Too Large" : "400 Bad Request"}\r\n\r\n`);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  return {
    ...portOf(server, host),
    async stop(drainMs, graceMs) {
      stopping = true;
      if (drainMs > 0) await new Promise((resolve) => setTimeout(resolve, drainMs));
      const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
      server.closeIdleConnections();
      const cut = setTimeout(() => server.closeAllConnections(), graceMs);
      await closed;
      clearTimeout(cut);
    },
  };
}

function refuse(response: ServerResponse, error: string, message: string): void {
  if (response.headersSent) {
    // Half an answer is none: the client must not take it for a whole one.
    response.destroy();
    return;
  }
  response.writeHead(503, { "content-type": "application/json", "cache-control": "no-store", "retry-after": "1" });
  response.end(JSON.stringify({ error, message }));
}
