// The response of a request while a gate answers it: what handlers make, what middleware in front does, and the gate's answer.
import { addCookies } from "@tollbooth-stores/http";
import type { Context } from "hono";
import { blankResponse } from "./blank-response.ts";
import { withReject } from "./node-response.ts";
import { ALREADY_SENT } from "./raw-writes.ts";
import { answeringMembers, standInFor } from "./stand-in.ts";

export interface SoldResponse {
  /** Aborts where middleware in front answers the request meanwhile, as Hono's timeout() does. */
  readonly answered: AbortSignal;
  /**
   * What the handlers that `run` calls make, with no header but their own and those of `c.header` before them. The response is then as
   * it was before. Rejects where they make none, or make it too late.
   */
  madeBy(run: () => Promise<void>): Promise<Response>;
  /** Whether onError has made that response: middleware behind it has put nothing in its place. */
  isOnErrors(): boolean;
  /**
   * Ends with `response`, and adds to its headers. Headers and cookies that middleware had set stay, except where it has its own; its
   * cookies come last. What handlers set is gone.
   */
  replace(response: Response): void;
  /** From now on, and from `answered` on, handlers that are still at work change nothing, and nothing tells them so. */
  end(): void;
}

/** `isHandler`: whether the handlers, or what they call, are asking. */
export function soldResponse(c: Context, isHandler: () => boolean): SoldResponse {
  const prototype: object = Object.getPrototypeOf(c);
  const read = (): Response => Reflect.get(prototype, "res", c);
  const write = (response: Response | undefined) => Reflect.set(prototype, "res", response, c);
  let { finalized } = c;
  const answered = new AbortController();
  /** While the handlers are at work: the headers from before them, and what middleware in front does meanwhile. */
  let inFront: Context | undefined;
  /** How many responses the handlers have set since one of them threw. Hono sets that of onError first. */
  let afterError = 0;
  let isOver = false;
  let hasBegun = false;
  const lost = withReject();
  /** Whether the handlers have set a response. Not by `finalized`, which is true as well once they have set none. */
  let isMade = false;
  let discarded: Response | undefined;
  const blank = blankResponse();
  /** Hono asks whether there is a response, and sets in the same breath what a handler has returned. */
  let isAsked = false;
  const isInFront = () => inFront !== undefined && !isHandler();
  const answering = answeringMembers(c, () => (isInFront() && inFront) || c);
  const isLate = () => (isOver || answered.signal.aborted) && isHandler();

  function putAside(): void {
    inFront = standInFor(c, read().headers);
    // Hono would write the headers of the response that is there over those of the handlers' own.
    write(undefined);
    c.finalized = false;
    isMade = false;
  }

  function putBack(): void {
    if (inFront === undefined) return;
    const { headers } = inFront.res;
    inFront = undefined;
    // A new one: what the handlers answer may hold the Headers of the one before, as it does on @hono/node-server.
    write(undefined);
    write(new Response(null, { headers }));
    c.finalized = false;
  }

  Object.defineProperties(c, {
    // Hono hands on a late response only where there is none yet.
    finalized: {
      configurable: true,
      enumerable: true,
      get() {
        isAsked = true;
        // Hono would drop the answer of middleware in front where there is one of the handlers'.
        return !isLate() && !isInFront() && finalized;
      },
      set(next: boolean) {
        if (!isLate()) finalized = next;
      },
    },
    res: {
      configurable: true,
      get() {
        isAsked = false;
        if (isLate()) {
          discarded ??= new Response();
          return discarded;
        }
        if (isInFront() && inFront !== undefined) return inFront.res;
        const response = read();
        return !finalized && isHandler() ? blank.read(response) : response;
      },
      set(response: Response | undefined) {
        const isReturned = isAsked;
        isAsked = false;
        if (isLate()) {
          dropBody(response);
          return;
        }
        // Hono does so too after handlers without a response, where their application has an onError of its own.
        if (response !== undefined && !finalized && isHandler() && blank.isSource(response, isReturned)) {
          // Its headers stay.
          if (response !== read()) write(response);
          finalized = false;
          return;
        }
        if (c.error !== undefined) afterError += 1;
        // Middleware in front returns its answer. An assignment may be a handler's own work that lost its async context: unpaid goods.
        if (hasBegun && !isOver && !isHandler() && !isReturned && response !== undefined && response.status < 400) {
          dropBody(response);
          lost.reject(assignedByOthers());
          return;
        }
        // Middleware in front, which gets its own headers back.
        if (!isOver && !isHandler()) {
          if (inFront !== undefined && isMade) dropBody(read());
          putBack();
          // With headers to add, @hono/node-server would not know it for one that was sent.
          if (response?.headers.has(ALREADY_SENT)) write(undefined);
          answered.abort(
            new DOMException("The request was answered before its handlers' answer was paid for.", "AbortError"),
          );
        }
        isMade = response !== undefined;
        write(response);
      },
    },
    ...answering,
    header: {
      configurable: true,
      writable: true,
      value: (...given: unknown[]) => (isLate() ? undefined : Reflect.apply(answering.header?.value, c, given)),
    },
  });

  return {
    answered: answered.signal,
    async madeBy(run) {
      answered.signal.throwIfAborted();
      putAside();
      hasBegun = true;
      try {
        await Promise.race([run(), lost.promise]);
        answered.signal.throwIfAborted();
        if (isOver) throw new Error("The gate has answered without these handlers.");
        if (!isMade) {
          throw new TypeError(
            "A handler behind paid() returned no response, or middleware there did not await next().",
          );
        }
        return read();
      } finally {
        putBack();
      }
    },
    isOnErrors: () => afterError === 1,
    replace(response) {
      putBack();
      isOver = true;
      const { headers } = response;
      const cookies = addCookies(read().headers.getSetCookie(), headers.getSetCookie());
      for (const [name, value] of read().headers) if (!headers.has(name)) headers.set(name, value);
      headers.delete("set-cookie");
      for (const line of cookies) headers.append("set-cookie", line);
      write(undefined);
      write(response);
    },
    end() {
      putBack();
      isOver = true;
    },
  };
}

function assignedByOthers(): TypeError {
  return new TypeError(
    "c.res was assigned outside of the async context of paid()'s handlers, while they were at work. They return their Response.",
  );
}

/** What it streams would stay open for a reader that never comes. */
function dropBody(response: Response | undefined): void {
  response?.body?.cancel().catch(() => undefined);
}
