// The head of a response while its handlers' answer is held: as it was before, and what others than the handlers set meanwhile.
import type { ServerResponse } from "node:http";
import { changeHeader, type HeaderMap, headersOf, headersSetter } from "./header-map.ts";
import { member } from "./replace-members.ts";
import { cookiesOf } from "./send-answer.ts";

export interface HeldHead {
  /** Members that the response has while the answer is held. */
  readonly members: PropertyDescriptorMap;
  /** The Set-Cookie lines from before the handlers. */
  readonly cookies: readonly string[];
  /**
   * Whether others have made it a failure: a status of 400 and above that no handler has set. While they have, the response has no header
   * of the handlers', which could be the goods, and they set none.
   */
  isOthersFailure(): boolean;
  /** Sets status and headers as they were before the handlers. A header that others have removed since stays away. */
  putBack(): void;
  /** As `putBack`, and then what others set since: a timeout in front sets its status while the handlers are at work. */
  putBackForOthers(): void;
}

export function heldHead(response: ServerResponse, isHandler: () => boolean): HeldHead {
  const { statusCode: status, statusMessage: message } = response;
  const before = headersOf(response);
  const cookies = cookiesOf(response);
  /** The headers as they would be without the handlers. */
  const ofOthers = new Map(before);
  /** The headers with those of the handlers, while the response has none of theirs. */
  let withHandlers: HeaderMap | undefined;
  // Handlers begin with 200. An earlier end that is still held back may have set 204, whose answer has no bytes, or 403, which is free.
  let statusNow = 200;
  let othersStatus = status;
  // By the methods of now: while the answer is held, the response has others in their place.
  const setHeaders = headersSetter(response);

  function putBack(headers: HeaderMap, statusOfIt: number): void {
    setHeaders(headers);
    response.statusCode = statusOfIt;
    response.statusMessage = message ?? "";
  }
  function setFailure(isFailure: boolean): void {
    if (isFailure === (withHandlers !== undefined)) return;
    const next = withHandlers ?? ofOthers;
    withHandlers = isFailure ? headersOf(response) : undefined;
    setHeaders(next);
  }

  const setters = ["setHeader", "appendHeader", "removeHeader"].map((name): [string, PropertyDescriptor] => {
    const method: unknown = Reflect.get(response, name);
    const call = (...given: unknown[]): unknown => {
      if (isHandler() && withHandlers !== undefined) return response;
      const header = String(given[0]).toLowerCase();
      const was = response.getHeader(header);
      const result: unknown = typeof method === "function" ? Reflect.apply(method, response, given) : undefined;
      if (!isHandler()) {
        const now = response.getHeader(header);
        for (const headers of [ofOthers, withHandlers])
          if (headers !== undefined) changeHeader(headers, header, was, now);
      }
      return result;
    };
    return [name, member(call)];
  });
  return {
    members: {
      ...Object.fromEntries(setters),
      statusCode: {
        enumerable: true,
        get: () => statusNow,
        set(next: number) {
          if (!isHandler()) {
            // Others may write the head of a handler's own failure: they set the status it has, and the failure stays the handler's.
            if (next !== statusNow) setFailure(next >= 400);
            othersStatus = next;
          } else if (withHandlers !== undefined) return;
          statusNow = next;
        },
      },
    },
    cookies,
    isOthersFailure: () => withHandlers !== undefined,
    putBack: () => putBack(new Map([...before].filter(([name]) => ofOthers.has(name))), status),
    putBackForOthers: () => putBack(ofOthers, othersStatus),
  };
}
