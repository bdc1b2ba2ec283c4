// Writes to Node's response itself while its request is being sold: by handlers, or by others than is known to be theirs.

export interface RawWrites {
  /** Whether a failure that others write is let through. */
  isPassing(): boolean;
  /** The sale is over. What was dropped stays so until the next head, which is the application's answer. */
  letGo(): void;
  /** A plain 500, where the rest of the answer was dropped and the application says that it is sent. */
  endDropped(): void;
}

/** The header by which @hono/node-server is told that nothing is left to send. */
export const ALREADY_SENT = "x-hono-already-sent";

const writing = ["writeHead", "write", "end", "flushHeaders"] as const;
/** They leave at once, before any payment. */
const informing = ["writeContinue", "writeProcessing", "writeEarlyHints", "writeInformation"];
/** What they change goes with whatever answer comes, also with one that is not charged. */
const changing = ["setHeader", "appendHeader", "setHeaders", "removeHeader", "addTrailers"];
const values = ["statusCode", "statusMessage"];
const FIRST_FAILURE = 400;

/** What handlers hear. */
export function rawWriteError(): TypeError {
  return new TypeError(
    "A handler behind paid() returns its Response: what it writes to c.env.outgoing would leave before it is paid for.",
  );
}

/**
 * A handler's write is a TypeError. Work that lost its async context, as that of a pooled driver, cannot be told from middleware in front
 * that answers itself. So `onWrite` ends the sale, once, and only a failure is let through: what succeeds may be goods that are not paid
 * for.
 */
export function watchRawWrites(
  response: object,
  isHandler: () => boolean,
  onWrite: (error: TypeError) => void,
): RawWrites {
  const watched = [...writing, ...informing, ...changing];
  const had = watched.map((name) => [name, Object.getOwnPropertyDescriptor(response, name)] as const);
  const openValues = values.map((name) => guardValue(response, name, isHandler));
  let isOver = false;
  let state: "unwritten" | "passing" | "dropping" = "unwritten";

  function restore(): void {
    for (const open of openValues) open();
    for (const [name, own] of had) {
      if (own === undefined) Reflect.deleteProperty(response, name);
      else Reflect.defineProperty(response, name, own);
    }
  }

  for (const name of [...informing, ...changing]) {
    const method: unknown = Reflect.get(response, name);
    if (typeof method !== "function") continue;
    const call = (...given: unknown[]): unknown => {
      if (isHandler()) throw rawWriteError();
      return informing.includes(name) && !isOver ? undefined : Reflect.apply(method, response, given);
    };
    Reflect.defineProperty(response, name, { configurable: true, writable: true, value: call });
  }
  for (const name of writing) {
    const method: unknown = Reflect.get(response, name);
    if (typeof method !== "function") continue;
    const call = (...given: unknown[]): unknown => {
      if (isHandler()) throw rawWriteError();
      if (state === "unwritten" && !isOver) {
        const status: unknown = name === "writeHead" ? given[0] : Reflect.get(response, "statusCode");
        state = Number(status) >= FIRST_FAILURE ? "passing" : "dropping";
        onWrite(writtenByOthers());
      }
      if (state === "dropping") {
        // No "drain" follows: a pipe that would go on for ever waits for the answer's end.
        if (!isOver || name !== "writeHead") return name === "write" ? false : response;
        restore();
      }
      return Reflect.apply(method, response, given);
    };
    Reflect.defineProperty(response, name, { configurable: true, writable: true, value: call });
  }

  return {
    isPassing: () => state === "passing",
    letGo() {
      isOver = true;
      if (state !== "dropping") restore();
    },
    endDropped() {
      if (state !== "dropping") return;
      restore();
      Object(response).writeHead(500);
      Object(response).end();
    },
  };
}

/** The function that it returns makes it as it was, with the value of now. Of HTTP/2's response they are accessors. */
function guardValue(response: object, name: string, isHandler: () => boolean): () => void {
  const own = Object.getOwnPropertyDescriptor(response, name);
  const inherited = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(response), name);
  const setter = own === undefined ? inherited?.set : undefined;
  // One of HTTP/2 warns when it is read.
  let value: unknown = inherited?.get === undefined ? Reflect.get(response, name) : undefined;
  const set = (next: unknown) => {
    if (isHandler()) throw rawWriteError();
    if (setter !== undefined) Reflect.apply(setter, response, [next]);
    else value = next;
  };
  const get = () => (inherited?.get === undefined ? value : Reflect.apply(inherited.get, response, []));
  Reflect.defineProperty(response, name, { configurable: true, enumerable: true, get, set });
  return () => {
    if (setter !== undefined) Reflect.deleteProperty(response, name);
    else Reflect.defineProperty(response, name, { configurable: true, enumerable: true, writable: true, value });
  };
}

function writtenByOthers(): TypeError {
  return new TypeError(
    "Node's response was written to outside of the async context of paid()'s handlers. They return their Response.",
  );
}
