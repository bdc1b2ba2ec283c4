// Middleware in front of paid() that answers the request itself, as a timeout or a heartbeat does.
import { ServerResponse } from "node:http";
import { member, replaceMembers } from "./replace-members.ts";
import { hasBegun, isOver } from "./send-answer.ts";

/** Throws where the response was begun, or is over: the sold answer could not be sent. */
export function requireUnanswered(response: ServerResponse): void {
  if (hasBegun(response) || isOver(response)) throw answeredByOthers();
}

/**
 * True where others may have answered it before paid(), and middleware in front may still hold that end back: nothing tells so then except
 * the length, which `res.send` and `res.json` set with the end. Without such middleware a length was set too early.
 */
export function mayBeAnswered(response: ServerResponse): boolean {
  return response.hasHeader("content-length") && response.end !== ServerResponse.prototype.end;
}

export interface OthersAnswer {
  /** Whether they have ended it. Middleware in front may hold that end back: then Node knows of none yet. */
  hasEnded(): boolean;
  letGo(): void;
}

/**
 * Calls `onAnswer` once, when others write or end, and before a head of theirs. Middleware in front may have kept Node's own methods, or
 * holds an end back that calls them: members of the response's own do not stop those, and its `_implicitHeader` may be one. Node's
 * `write` and `end` ask for `_hasBody` after that, so where there is no head yet the real one is written then.
 */
export function watchOthers(response: ServerResponse, onAnswer: (error: Error) => void): OthersAnswer {
  let hasBody: unknown = Reflect.get(response, "_hasBody");
  let isStoring = false;
  let isTold = false;
  let hasEnded = false;
  const tell = () => {
    if (!isTold) {
      isTold = true;
      onAnswer(answeredByOthers());
    }
  };
  const before = (name: string, note: () => void): PropertyDescriptorMap => {
    const method: unknown = Reflect.get(response, name);
    const call = (...given: unknown[]): unknown => {
      note();
      tell();
      return typeof method === "function" ? Reflect.apply(method, response, given) : undefined;
    };
    return { [name]: member(call) };
  };
  const letGo = replaceMembers(response, {
    ...before("write", () => {}),
    ...before("end", () => {
      hasEnded = true;
    }),
    // Node asks for _hasBody here, too.
    ...before("_storeHeader", () => {
      isStoring = true;
    }),
  });
  Object.defineProperty(response, "_hasBody", {
    configurable: true,
    enumerable: false,
    get() {
      if (!isStoring && !hasBegun(response)) {
        tell();
        Reflect.apply(Reflect.get(response, "_implicitHeader"), response, []);
      }
      return hasBody;
    },
    set(next: unknown) {
      hasBody = next;
    },
  });
  return {
    hasEnded: () => hasEnded,
    letGo() {
      if (letGo()) Object.defineProperty(response, "_hasBody", { ...member(hasBody), configurable: true });
    },
  };
}

export function answeredInFront(): Error {
  return new Error(
    "The response had a content-length before paid(): others have answered it, or set that header too early.",
  );
}

export function answeredByOthers(): Error {
  return new Error("The response was begun by others before paid() could send an answer.");
}
