// Makes handlers unable to change an answer that is made, while its end is still to come.
import { AsyncLocalStorage } from "node:async_hooks";
import type { ServerResponse } from "node:http";
import { drainListeners, mayGoOn } from "./back-pressure.ts";
import { isGivenUp, watchGivingUp } from "./given-up.ts";
import { member, replaceMembers } from "./replace-members.ts";
import { isBehindAny, type Writer } from "./running.ts";
import { hasBegun } from "./send-answer.ts";

const headerChanges = ["setHeader", "appendHeader", "removeHeader", "setHeaders"];
const changing = [
  ...["writeHead", "_implicitHeader", "flushHeaders", "end", "addTrailers"],
  ...headerChanges,
  ...["writeContinue", "writeEarlyHints", "writeProcessing"],
];

/** The response whose failure is ended here, in all that comes of that call. */
const ending = new AsyncLocalStorage<ServerResponse>();

/** Middleware in front may hold the end of a failure back, and make its bytes anew: until the head is out, it may change the headers. */
export function endFailure(response: ServerResponse, end: () => unknown): unknown {
  return ending.run(response, end);
}

/**
 * Nothing that handlers do reaches the response, and nothing tells them so: an error that comes after the end would take the
 * connection with it, because Express ends the connection of an error that it cannot answer. So `headersSent` is false for them. Middleware
 * in front sees what was sent: a timeout of its own would end the connection of an answer that it takes for none. The function that it
 * returns makes the response as it was.
 */
export function sealResponse(response: ServerResponse): () => void {
  return seal(response, { writableEnded: { get: () => true } });
}

/**
 * For an answer that was handed to `end`, while its handlers are still at work. Middleware in front may hold that end back: then the
 * head is still to come, and is written with the status and the headers of now.
 */
export function sealSentResponse(response: ServerResponse): () => void {
  let open = () => {};
  const writeLateHead = () => {
    open();
    Reflect.apply(Reflect.get(response, "_implicitHeader"), response, []);
    open = seal(response, {});
  };
  open = seal(response, response.headersSent ? {} : { _implicitHeader: member(writeLateHead) });
  return () => open();
}

/**
 * For handlers that have ended it. Once the last bytes are out, loggers see that the headers were sent. An error handler that was told
 * otherwise before, and answers only then, still changes nothing: Node would throw where no one catches it.
 */
export function sealUntilFinish(response: ServerResponse): void {
  const open = sealSentResponse(response);
  response.prependOnceListener("finish", () => {
    open();
    replaceMembers(response, unchanging(response));
  });
}

/**
 * For error handlers that answer in the place of handlers which are still at work: what others do reaches nothing, and nothing tells so.
 * Where an unknown writer ends the answer, `answer` is called: dropped, it would leave a client without one for ever if it was an error
 * handler, and let through, it would give the goods away if it was not. Once the answer is ended, it is sealed for all.
 */
export function sealExceptFor(response: ServerResponse, writer: () => Writer, answer: () => void): void {
  let isNodesOwn = false;
  const isShutOut = () => !isNodesOwn && writer() !== "error handlers";
  const implicitHeader: unknown = Reflect.get(response, "_implicitHeader");
  /** What middleware in front held back reaches Node's methods outside of its writer's context, and Node asks for the head then. */
  const nodesOwnHead = () => {
    isNodesOwn = true;
    try {
      if (typeof implicitHeader === "function") Reflect.apply(implicitHeader, response, []);
    } finally {
      isNodesOwn = false;
    }
  };
  const members = [...changing, "write"].map((name): [string, PropertyDescriptor] => {
    const method: unknown = Reflect.get(response, name);
    const call = (...given: unknown[]): unknown => {
      if (isShutOut()) {
        if (name === "end" && writer() === "unknown") answer();
        return name === "write" ? mayGoOn(response, given[0]) : response;
      }
      if (typeof method !== "function") return undefined;
      if (name !== "end") return Reflect.apply(method, response, given);
      const result = endFailure(response, () => Reflect.apply(method, response, given));
      sealUntilFinish(response);
      return result;
    };
    return [name, member(call)];
  });
  replaceMembers(response, {
    ...drainListeners(response, isShutOut),
    ...Object.fromEntries(members),
    _implicitHeader: member(nodesOwnHead),
    headersSent: { get: () => !isShutOut() && hasBegun(response) },
    ...Object.fromEntries(["statusCode", "statusMessage"].map((name) => [name, guarded(response, name, isShutOut)])),
  });
}

function guarded(response: ServerResponse, name: string, isShutOut: () => boolean): PropertyDescriptor {
  let value: unknown = Reflect.get(response, name);
  return {
    enumerable: true,
    get: () => value,
    set(next: unknown) {
      if (!isShutOut()) value = next;
    },
  };
}

function forItsEnd(response: ServerResponse, name: string): PropertyDescriptor {
  const method: unknown = Reflect.get(response, name);
  return member((...given: unknown[]) => {
    const isItsEnd = ending.getStore() === response && !hasBegun(response);
    return isItsEnd && typeof method === "function" ? Reflect.apply(method, response, given) : response;
  });
}

function unchanging(response: ServerResponse): PropertyDescriptorMap {
  return {
    ...Object.fromEntries(changing.map((name) => [name, member(() => response)])),
    ...drainListeners(response),
    write: member((chunk: unknown) => mayGoOn(response, chunk)),
  };
}

function seal(response: ServerResponse, more: PropertyDescriptorMap): () => void {
  const { statusCode, statusMessage } = response;
  watchGivingUp(response.req);
  const open = replaceMembers(response, {
    ...unchanging(response),
    ...Object.fromEntries(headerChanges.map((name) => [name, forItsEnd(response, name)])),
    headersSent: { get: () => !isBehindAny() && !isGivenUp(response.req) && hasBegun(response) },
    ...more,
  });
  return () => {
    if (open()) Object.assign(response, { statusCode, statusMessage });
  };
}
