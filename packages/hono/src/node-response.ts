// Node's own response, `c.env.outgoing` of @hono/node-server. A handler that writes to it sends its goods before they are paid for.

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
}

/** The handlers of a sale get a TypeError where they read it. */
export function withholdNodeResponse(env: unknown, isHandler: () => boolean): WithheldResponse {
  const bindings = [env, Object(env).server].filter((one): one is object => one !== undefined && one === Object(one));
  const outgoing: unknown[] = [];
  for (const one of bindings) {
    const had = Object.getOwnPropertyDescriptor(one, "outgoing");
    const response: unknown = withheld.get(one) ?? Reflect.get(one, "outgoing");
    // Another binding may have that name, a queue for one.
    if (had === undefined || typeof Object(response).writeHead !== "function") continue;
    outgoing.push(response);
    withheld.set(one, response);
    // Not enumerable, so that a copy of the bindings has none. Where they are frozen, requireUnsent remains.
    Reflect.defineProperty(one, "outgoing", {
      configurable: true,
      enumerable: false,
      get() {
        if (!isHandler()) return had.get === undefined ? had.value : Reflect.apply(had.get, one, []);
        throw new TypeError(
          "A handler behind paid() returns its Response: what it writes to c.env.outgoing would leave before it is paid for.",
        );
      },
    });
  }
  return {
    async ownTurn() {
      return (await Promise.all(outgoing.map(turnOf))).every(Boolean);
    },
    requireUnsent() {
      if (!outgoing.some((response) => Object(response).headersSent === true)) return;
      throw new TypeError("Node's response was written to, so paid() has no place for its answer.");
    },
  };
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
