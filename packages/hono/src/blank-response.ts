// The response that Hono makes for those who read it before a handler has answered. What is made from it is no handler's answer.

export interface BlankResponse {
  /** Remembers that handlers read this one, and what of it. */
  read(response: Response): Response;
  /**
   * Whether a response that is set while no handler has answered is the blank one, or made from it. `isReturned`: by a handler, as far as
   * Hono says. Middleware that assigns one has often copied what it found.
   */
  isSource(response: Response, isReturned: boolean): boolean;
}

const heads = ["body", "bodyUsed", "ok", "status", "statusText"];
const contents = ["arrayBuffer", "blob", "bytes", "clone", "formData", "json", "text"];

export function blankResponse(): BlankResponse {
  const known = new WeakSet<Response>();
  let isRead = false;
  let isHeadRead = false;
  let isContentRead = false;

  function note(name: string): void {
    isHeadRead = true;
    if (contents.includes(name)) isContentRead = true;
  }

  return {
    read(response) {
      isRead = true;
      if (known.has(response)) return response;
      known.add(response);
      const prototype: object = Object.getPrototypeOf(response);
      for (const name of [...heads, ...contents]) {
        const get = () => {
          note(name);
          return Reflect.get(prototype, name, response);
        };
        Object.defineProperty(response, name, { configurable: true, get });
      }
      return response;
    },
    isSource(response, isReturned) {
      if (known.has(response) || isContentRead) return true;
      if (!isReturned && isHeadRead) return true;
      const isEmpty = response.body === null && response.status === 200;
      return isEmpty && (isReturned ? isHeadRead : isRead);
    },
  };
}
