// Node's own response, `c.env.outgoing` of @hono/node-server. A handler that writes to it sends its goods before they are paid for.
import { ALREADY_SENT, type RawWrites, rawWriteError, watchRawWrites } from "./raw-writes.ts";

/** Node's responses that are withheld already: the handlers of a sale may call another that has the same bindings. */
const withheld = new WeakMap<object, unknown>();

export interface WithheldResponse {
  /** Throws where its head was sent all the same. */
  requireUnsent(): void;
  /**
   * Resolves once the answers to earlier requests on its connection are sent. Until then nothing of it reaches its client. False where
   * that one leaves meanwhile.
   */
  ownTurn(): Promise<boolean>;
  /** Runs handlers. Until `letGo`, others that write to it call `abort`, and end the handlers' time. */
  guard<T>(handlers: () => Promise<T>, abort: (error: TypeError) => void): Promise<T>;
  letGo(): void;
  /** For @hono/node-server, which then sends nothing more: others have answered with a failure. Undefined where they have not. */
  sentByOthers(): Response | undefined;
  /** For an application that says of `response` that it was sent: what was dropped of it is made a plain 500. */
  endDropped(response: Response): void;
}

/** The handlers of a sale get a TypeError where they read it, and where they write to one that they have kept. */
export function withholdNodeResponse(env: unknown, isHandler: () => boolean): WithheldResponse {
  const bindings = [env, Object(env).server].filter((one): one is object => one !== undefined && one === Object(one));
  const outgoing = new Set<object>();
  let watches: RawWrites[] = [];
  for (const one of bindings) {
    const had = Object.getOwnPropertyDescriptor(one, "outgoing");
    const response: unknown = withheld.get(one) ?? Reflect.get(one, "outgoing");
    // Another binding may have that name, a queue for one.
    if (had === undefined || typeof Object(response).writeHead !== "function") continue;
    outgoing.add(Object(response));
    withheld.set(one, response);
    // Not enumerable, so that a copy of the bindings has none. Where they are frozen, requireUnsent remains.
    Reflect.defineProperty(one, "outgoing", {
      configurable: true,
      enumerable: false,
      get() {
        if (!isHandler()) return had.get === undefined ? had.value : Reflect.apply(had.get, one, []);
        throw rawWriteError();
      },
    });
  }
  return {
    async ownTurn() {
      return (await Promise.all([...outgoing].map(turnOf))).every(Boolean);
    },
    requireUnsent() {
      if (![...outgoing].some((response) => Object(response).headersSent === true)) return;
      throw new TypeError("Node's response was written to, so paid() has no place for its answer.");
    },
    guard(handlers, abort) {
      const { promise, reject } = withReject();
      const onWrite = (error: TypeError) => {
        abort(error);
        reject(error);
      };
      watches = [...outgoing].map((response) => watchRawWrites(response, isHandler, onWrite));
      return Promise.race([handlers(), promise]);
    },
    letGo() {
      for (const watch of watches) watch.letGo();
    },
    sentByOthers() {
      if (!watches.some((watch) => watch.isPassing())) return undefined;
      return new Response(null, { headers: { [ALREADY_SENT]: "true" } });
    },
    endDropped(response) {
      if (response.headers.has(ALREADY_SENT)) for (const watch of watches) watch.endDropped();
    },
  };
}

/** A promise that only rejects, if ever. */
export function withReject(): { promise: Promise<never>; reject: (error: Error) => void } {
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<never>((_resolve, no) => {
    reject = no;
  });
  // It may reject after the handlers have answered.
  promise.catch(() => undefined);
  return { promise, reject };
}

/** When a connection is closed: a client may have sent any number of requests on it. */
const closes = new WeakMap<object, Promise<false>>();

async function turnOf(response: unknown): Promise<boolean> {
  const { socket, req } = Object(response);
  const connection: unknown = Object(req).socket;
  if (socket !== null || typeof Object(connection).once !== "function") return true;
  const turn = new Promise<true>((resolve) => Object(response).once("socket", () => resolve(true)));
  return Promise.race([turn, closeOf(Object(connection))]);
}

function closeOf(connection: { destroyed: boolean; once(event: "close", listener: () => void): void }): Promise<false> {
  const known = closes.get(connection);
  if (known !== undefined) return known;
  const close = new Promise<false>((resolve) => {
    if (connection.destroyed) resolve(false);
    else connection.once("close", () => resolve(false));
  });
  closes.set(connection, close);
  return close;
}
