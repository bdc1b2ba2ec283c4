// Hono makes an empty response for code that reads `c.res` before a handler has answered. A copy of it is no handler's answer.

export interface BlankResponse {
  /** Remembers that handlers read this one, and what of it. */
  read(response: Response): Response;
  /**
   * Whether a response that is set while no handler has answered is the blank one, or made from it. `isReturned`: by a handler, as far as
   * Hono says. Middleware that assigns one has often copied what it found.
   */
  isSource(response: Response, isReturned: boolean): boolean;
}

/** Methods that read the bytes. A response that is set after such a read may be a copy of the empty one. */
const contents = ["arrayBuffer", "blob", "bytes", "formData", "json", "text"];

export function blankResponse(): BlankResponse {
  const known = new WeakSet<Response>();
  let isRead = false;
  let isBodyRead = false;
  let isContentRead = false;

  function watch(response: Response): Response {
    isRead = true;
    if (known.has(response)) return response;
    known.add(response);
    const prototype: object = Object.getPrototypeOf(response);
    const watched = (name: string, note: () => void) => {
      const get = () => {
        note();
        return Reflect.get(prototype, name, response);
      };
      Object.defineProperty(response, name, { configurable: true, get });
    };
    watched("body", () => {
      isBodyRead = true;
    });
    for (const name of contents) {
      watched(name, () => {
        isContentRead = true;
      });
    }
    const clone = () => watch(Reflect.apply(Reflect.get(prototype, "clone"), response, []));
    Object.defineProperty(response, "clone", { configurable: true, value: clone });
    return response;
  }

  return {
    read: watch,
    isSource(response, isReturned) {
      if (known.has(response) || isContentRead) return true;
      // Its body is null, and so is that of a copy. One that is returned after its status alone was read is no copy.
      const isEmpty = response.body === null && response.status === 200;
      return isEmpty && (isReturned ? isBodyRead : isRead);
    },
  };
}
