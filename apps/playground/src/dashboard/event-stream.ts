// Server-sent events: the whole state at once, then the sections that changed, a few times a second, to readers who keep up.
import type { ServerResponse } from "node:http";

export interface EventStream {
  /** Takes over the answer. Beyond `mostReaders` in all, or `mostOfAddress` of the reader's address, it is a 503. */
  open(response: ServerResponse, address: string): void;
  /** Something may have changed; it is looked at and sent soon. */
  touch(): void;
  /** Ends every answer, also those to come. */
  close(): void;
}

export interface EventStreamOptions {
  /** The state by section. Only sections whose JSON differs from what was sent before are sent again. */
  sections(): Readonly<Record<string, unknown>>;
  /** The least time between two messages, in milliseconds. Default 250. */
  everyMs?: number | undefined;
  /** How often a comment is sent that keeps the connection alive, in milliseconds. Default 15,000. */
  heartbeatMs?: number | undefined;
  /**
   * A reader with more than this unsent when there is more to send is dropped, in bytes; default 524,288. It comes back by
   * itself and gets the state anew.
   */
  maxUnsentBytes?: number | undefined;
  /** Each reader is a connection, and each change a message to it. Default: any number. */
  mostReaders?: number | undefined;
  mostOfAddress?: number | undefined;
}

/** How soon a browser comes back, in milliseconds. */
const retryMs = 1_000;

export function eventStream(options: EventStreamOptions): EventStream {
  const { everyMs = 250, heartbeatMs = 15_000, maxUnsentBytes = 524_288 } = options;
  const { mostReaders = Number.POSITIVE_INFINITY, mostOfAddress = Number.POSITIVE_INFINITY } = options;
  /** The answers that are open, each with its reader's address. */
  const open = new Map<ServerResponse, string>();
  /** The JSON of each section as last sent. */
  let sent: Record<string, string> = {};
  let lastId = 0;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  /** Brings `sent` up to date; the sections that changed, as the fields of a JSON object. */
  const changes = (): string[] => {
    const now = Object.entries(options.sections()).map(([name, value]) => [name, JSON.stringify(value)] as const);
    const changed = now.filter(([name, json]) => sent[name] !== json);
    sent = Object.fromEntries(now);
    return changed.map(field);
  };
  const message = (fields: readonly string[]) =>
    `id: ${lastId}\nevent: state\ndata: {"at":${[Date.now(), ...fields].join(",")}}\n\n`;
  const write = (response: ServerResponse, text: string) => {
    // Nothing more is kept for a reader who does not read.
    if (response.writableLength > maxUnsentBytes) response.destroy();
    else response.write(text);
  };
  const flush = () => {
    timer = undefined;
    if (open.size === 0) return;
    const changed = changes();
    if (changed.length === 0) return;
    lastId += 1;
    for (const response of open.keys()) write(response, message(changed));
  };
  const heartbeat = setInterval(() => {
    for (const response of open.keys()) write(response, ": still here\n\n");
  }, heartbeatMs).unref();

  return {
    open(response, address) {
      const ofAddress = [...open.values()].filter((one) => one === address).length;
      if (closed || open.size >= mostReaders || ofAddress >= mostOfAddress) {
        response.writeHead(503, { "content-type": "text/plain", "retry-after": "1", connection: "close" });
        response.end(closed ? "The dashboard is closing.\n" : "Too many dashboards are open.\n");
        return;
      }
      // Not kept alive: a stream's connection ends with it, so that the server can close.
      response.writeHead(200, {
        "content-type": "text/event-stream",
        "cache-control": "no-store",
        connection: "close",
      });
      // What the others have not been told yet is told to all.
      clearTimeout(timer);
      flush();
      if (open.size === 0) changes();
      open.set(response, address);
      response.once("close", () => void open.delete(response));
      write(response, `retry: ${retryMs}\n${message(Object.entries(sent).map(field))}`);
    },
    touch() {
      if (timer === undefined && !closed && open.size > 0) timer = setTimeout(flush, everyMs);
    },
    close() {
      closed = true;
      clearTimeout(timer);
      clearInterval(heartbeat);
      for (const response of open.keys()) response.end();
    },
  };
}

function field([name, json]: readonly [string, string]): string {
  return `${JSON.stringify(name)}:${json}`;
}
