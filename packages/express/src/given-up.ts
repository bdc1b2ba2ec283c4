// The moment in which Express's outermost router has given a request up, and its final handler looks at the response.
import type { IncomingMessage } from "node:http";

const watched = new WeakSet<IncomingMessage>();
const givenUp = new WeakSet<IncomingMessage>();

/**
 * The router puts `next` back as it was before it, and calls the final handler in the same turn. That one ends the connection of an error
 * where it finds the headers sent, and a sold answer with it: also of a handler that has lost its async context.
 */
export function watchGivingUp(request: IncomingMessage): void {
  if (watched.has(request)) return;
  watched.add(request);
  let next: unknown = Reflect.get(request, "next");
  Object.defineProperty(request, "next", {
    configurable: true,
    enumerable: true,
    get: () => next,
    set(value: unknown) {
      next = value;
      if (value !== undefined) return;
      givenUp.add(request);
      queueMicrotask(() => givenUp.delete(request));
    },
  });
}

export function isGivenUp(request: IncomingMessage): boolean {
  return givenUp.has(request);
}
