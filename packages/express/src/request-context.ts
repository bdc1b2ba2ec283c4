// What a gate asks about an Express request.
import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { type RequestContext, sessionMovesOf } from "@tollbooth-stores/http";
import type { ExpressRequest } from "./express-types.ts";
import { routedPathOf } from "./routed-path.ts";
import { isOver } from "./send-answer.ts";

/** A header's one value; lists that Node keeps apart are joined as it joins the others. */
export function headerOf(request: ExpressRequest, name: string): string | undefined {
  const value = request.headers[name.toLowerCase()];
  return Array.isArray(value) ? value.join(", ") : value;
}

/** One for all middlewares of a response, which Node lets few listen to. */
const clients = new WeakMap<ServerResponse, AbortController>();
/** The requests of one connection that are not answered yet: clients may send several before they read an answer. */
const unanswered = new WeakMap<Socket, Set<() => void>>();

/** Aborts when the client goes before its answer is sent. Aborted where it has gone, or was answered, before the first call. */
export function goneOf(response: ServerResponse): AbortController {
  const known = clients.get(response);
  if (known !== undefined) return known;
  const gone = new AbortController();
  clients.set(response, gone);
  const abort = () => gone.abort(new DOMException("The client has gone.", "AbortError"));
  // Its "close" would never come.
  if (isOver(response)) abort();
  else {
    const endWatch = onSocketClose(response.req.socket, abort);
    response.once("finish", endWatch);
    response.once("close", () => {
      endWatch();
      if (!response.writableFinished) abort();
    });
  }
  return gone;
}

/** A response that waits for the one before it on its connection has no "close" of its own. The function returned ends the watch. */
function onSocketClose(socket: Socket, abort: () => void): () => void {
  // Adapters of serverless platforms have no socket, but an object with some of its members.
  if (typeof Reflect.get(socket, "once") !== "function") return () => {};
  let aborts = unanswered.get(socket);
  if (aborts === undefined) {
    const all = new Set<() => void>();
    unanswered.set(socket, all);
    socket.once("close", () => {
      for (const each of all) each();
    });
    aborts = all;
  }
  aborts.add(abort);
  return () => void aborts.delete(abort);
}

/**
 * Path and query are as they were sent; `decodedPath` is what Express routes by, which middleware may have rewritten. `isOnRoute`: the
 * middleware is on the request's route. `signal` aborts when the client goes before its answer is sent.
 */
export function contextOf(
  request: ExpressRequest,
  response: ServerResponse,
  isOnRoute: boolean,
): RequestContext & { signal: AbortSignal } {
  const { path, query } = targetOf(request.originalUrl);
  const { method = "GET" } = request;
  return {
    path,
    ...routedPathOf(request, isOnRoute),
    method,
    signal: goneOf(response).signal,
    sessionMoves: sessionMovesOf(request),
    adapter: {
      getHeader: (name) => headerOf(request, name),
      getMethod: () => method,
      getPath: () => path,
      // Not of the Host header: `Host: a/sold?` would be a part of the path.
      getUrl: () => `http://localhost${path}${query}`,
      getAcceptHeader: () => headerOf(request, "accept") ?? "",
      getUserAgent: () => headerOf(request, "user-agent") ?? "",
      getBody: () => request.body,
      getQueryParam: (name) => queryOf(request)[name],
      getQueryParams: () => queryOf(request),
    },
  };
}

/**
 * As Express reads it, because its handlers do: a price by the query is the price of what they make. What a parser of one's own made of a
 * value is text here, and what it nested has names such as `filter[from]`.
 */
function queryOf(request: ExpressRequest): Record<string, string | string[]> {
  const { query }: { query?: unknown } = Object(request);
  return Object.fromEntries(leavesOf(query));
}

function leavesOf(value: unknown, name = ""): [name: string, value: string | string[]][] {
  if (Array.isArray(value) && value.every((each) => Object(each) !== each)) return [[name, value.map(String)]];
  if (Object(value) !== value) return value === undefined ? [] : [[name, String(value)]];
  return Object.entries(Object(value)).flatMap(([key, leaf]) => leavesOf(leaf, name === "" ? key : `${name}[${key}]`));
}

/** A proxy's form names the origin too: `GET http://api.example/quote?a=1`. Its scheme is any: Express strips each. */
function targetOf(target: string): { path: string; query: string } {
  const [, path = "", query = ""] = /^(?:[a-z][a-z0-9+.-]*:\/\/[^/\\?#]*)?([^?#]*)(\?[^#]*)?/i.exec(target) ?? [];
  return { path: path.startsWith("/") ? path : `/${path}`, query };
}
