// The front: one port for all instances. Round robin, no retries, and an honest 503 where an instance was lost.

import { Agent, createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import { type Duplex, Readable } from "node:stream";
import { createProxyServer } from "httpxy";
import { boundConnections, heldByAddress } from "../process/connections-by-address.ts";
import { portOf } from "../process/port-of.ts";
import type { Instances } from "./instances.ts";
import { wholeBody } from "./whole-body.ts";

/** One request that went through the front, once its answer is out. */
export interface Passed {
  instance: string | undefined;
  /** The process that answered. */
  pid: number | undefined;
  method: string;
  /** Raw path and query. */
  path: string;
  /** The socket's address. */
  client: string;
  /** As they came. */
  requestHeaders: IncomingHttpHeaders;
  /** As the gateway wrote them; empty where the front answered itself. */
  answerHeaders: IncomingHttpHeaders;
  /** What a payment bought, as text: the whole answer of a paid request, if it is short JSON. */
  bought: string | undefined;
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
  /**
   * So many connections of one address may be open at once. Default 512. Behind a proxy all connections are the proxy's, and
   * the bound is its business: Infinity.
   */
  mostConnections?: number | undefined;
  /** So many bodies of one address are read at once; what is beyond is 429 before a byte of it is read. Default 64; as above. */
  mostBodies?: number | undefined;
  /** So long a client may take to send its headers, and its whole request, in milliseconds. Default 5,000 and 10,000. */
  sendWithinMs?: { headers: number; request: number } | undefined;
}

/** Which instance answered: a session can be followed from hop to hop. */
const instanceHeader = "x-instance";

/** More than the gateway takes, so that it is the gateway that says 431. */
const maxHeaderBytes = 65_536;
/** The gateway's own bound. */
const maxBodyBytes = 65_536;
/** A purchase is shorter, in bytes; what is longer is not read. */
const mostBought = 4_096;
/** How often connections that take too long are looked for: at the least so often, in milliseconds. */
const lookEveryMs = 1_000;
/** A connection that was told why it ends is cut so much later, in milliseconds. */
const lingerMs = 500;

/** Rejects with the server's own error where the port cannot be had. */
export async function startFront(options: FrontOptions): Promise<Front> {
  const { host, port, instances, pages, onPassed } = options;
  const { mostConnections = 512, mostBodies = 64, sendWithinMs = { headers: 5_000, request: 10_000 } } = options;
  const served = new WeakMap<IncomingMessage, Served>();
  const takeBody = heldByAddress(mostBodies);
  let stopping = false;
  // Any number of sockets: a bound here would be one that a single client can use up.
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 64 });
  const proxy = createProxyServer({ agent });
  proxy.on("proxyRes", (answer, request) => {
    const turn = served.get(request);
    if (turn !== undefined) {
      turn.answerHeaders = { ...answer.headers };
      if (request.headers["payment-signature"] !== undefined) readBought(answer, turn);
      answer.headers[instanceHeader] = turn.name;
    }
    if (stopping) answer.headers.connection = "close";
  });
  const deadlines = {
    headersTimeout: sendWithinMs.headers,
    requestTimeout: sendWithinMs.request,
    connectionsCheckingInterval: Math.min(lookEveryMs, sendWithinMs.headers),
  };
  const server = createServer({ maxHeaderSize: maxHeaderBytes, ...deadlines }, async (request, response) => {
    if (stopping) response.setHeader("connection", "close");
    if (stopping && request.url === "/readyz") return refuse(response, "stopping", "The gateway is stopping.");
    if (pages?.(request, response) === true) return;
    const started = performance.now();
    let turn: ReturnType<Instances["take"]>;
    const seen: Served = { name: "", answerHeaders: {}, bought: undefined };
    const client = request.socket.remoteAddress ?? "";
    response.once("close", () => {
      turn?.release();
      const { method = "", url = "" } = request;
      const status = response.writableFinished ? response.statusCode : 0;
      const ms = performance.now() - started;
      const { answerHeaders, bought } = seen;
      const from = { instance: turn?.name, pid: turn?.pid, client, requestHeaders: request.headers };
      onPassed?.({ ...from, method, path: url, status, ms, answerHeaders, bought });
    });
    // The gateway's limits come too late for this: a body is whole before any gateway hears of it.
    const bodyIsRead = hasBody(request) ? takeBody(request.socket) : () => undefined;
    if (bodyIsRead === undefined) return tooManyBodies(request, response);
    const body = await wholeBody(request, maxBodyBytes).finally(bodyIsRead);
    if (body === "incomplete" || response.destroyed) return;
    if (body === "too-large") return tooLarge(request, response);
    turn = instances()?.take();
    if (turn === undefined) return refuse(response, "no_instance", "No instance is up just now; send it again.");
    seen.name = turn.name;
    served.set(request, seen);
    const before = request.headers["x-forwarded-for"];
    const forwarded = before === undefined ? client : `${String(before)}, ${client}`;
    await proxy
      .web(request, response, {
        target: turn.url,
        headers: { "x-forwarded-for": forwarded },
        buffer: Readable.from(body, { objectMode: false }),
      })
      // Perhaps it was handled, perhaps not: never sent to another instance by us.
      .catch(() =>
        refuse(response, "instance_lost", "The instance was lost; send the same request, and payment, again."),
      );
  });
  boundConnections(server, mostConnections);
  server.on("clientError", (error, socket) => endWith(whyEnded(error), socket));
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
      agent.destroy();
    },
  };
}

/** What the front remembers of an answer on its way. */
interface Served extends Pick<Passed, "answerHeaders" | "bought"> {
  name: string;
}

/** Reads along; the answer goes its way all the same. */
function readBought(answer: IncomingMessage, into: Served): void {
  if (answer.statusCode !== 200 && answer.statusCode !== 201) return;
  if (!answer.headers["content-type"]?.startsWith("application/json")) return;
  let text = "";
  answer.on("data", (chunk: Buffer) => {
    if (text.length <= mostBought) text += chunk.toString("latin1");
  });
  answer.once("end", () => {
    if (text.length <= mostBought) into.bought = text;
  });
}

/** The status of a connection that ends because of what its client sends, or does not. */
function whyEnded(error: Error): string {
  const code = "code" in error ? error.code : undefined;
  if (code === "HPE_HEADER_OVERFLOW") return "431 Request Header Fields Too Large";
  return code === "ERR_HTTP_REQUEST_TIMEOUT" ? "408 Request Timeout" : "400 Bad Request";
}

/** A client that does not close its own side holds the connection no longer than it takes to read the status. */
function endWith(status: string, socket: Duplex): void {
  if (socket.writable) socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`);
  setTimeout(() => socket.destroy(), lingerMs).unref();
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}

function tooManyBodies(request: IncomingMessage, response: ServerResponse): void {
  request.resume();
  response.writeHead(429, { "content-type": "application/json", "cache-control": "no-store", "retry-after": "1" });
  const message = "Too many bodies of this address are being sent at once. Send the same request again in a moment.";
  response.end(JSON.stringify({ error: "rate_limited", message }));
}

function tooLarge(request: IncomingMessage, response: ServerResponse): void {
  // Its rest is thrown away until the deadline: a connection closed before would take the answer with it.
  request.resume();
  response.writeHead(413, { "content-type": "application/json", "cache-control": "no-store" });
  response.end(JSON.stringify({ error: "body_too_large", message: `At most ${maxBodyBytes} bytes are taken.` }));
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
