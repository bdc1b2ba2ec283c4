// The head of a response while its handlers' answer is held: as it was before, and what others than the handlers set meanwhile.
import type { ServerResponse } from "node:http";
import { member } from "./replace-members.ts";
import { cookiesOf } from "./send-answer.ts";

export interface HeldHead {
  /** Members that the response has while the answer is held. */
  readonly members: PropertyDescriptorMap;
  /** The Set-Cookie lines from before the handlers. */
  readonly cookies: readonly string[];
  /** Whether others have made it a failure: a status of 400 and above that no handler has set. */
  isOthersFailure(): boolean;
  /** Sets status and headers as they were before the handlers. */
  putBack(): void;
  /** As `putBack`, and then what others set since: a timeout in front sets its status while the handlers are at work. */
  putBackForOthers(): void;
}

export function heldHead(response: ServerResponse, isHandler: () => boolean): HeldHead {
  const { statusCode: status, statusMessage: message } = response;
  const headers = Object.entries({ ...response.getHeaders() });
  const cookies = cookiesOf(response);
  const others: [method: unknown, given: unknown[]][] = [];
  let statusNow = status;
  let othersStatus = status;
  let isFailure = false;

  function putBack(): void {
    for (const name of response.getHeaderNames()) response.removeHeader(name);
    for (const [name, value] of headers) if (value !== undefined) response.setHeader(name, value);
    response.statusCode = status;
    response.statusMessage = message ?? "";
  }

  const setters = ["setHeader", "appendHeader", "removeHeader"].map((name): [string, PropertyDescriptor] => {
    const method: unknown = Reflect.get(response, name);
    const call = (...given: unknown[]): unknown => {
      if (!isHandler()) others.push([method, given]);
      else if (isFailure) return response;
      return typeof method === "function" ? Reflect.apply(method, response, given) : undefined;
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
            if (next !== statusNow) isFailure = next >= 400;
            othersStatus = next;
          } else if (isFailure) return;
          statusNow = next;
        },
      },
    },
    cookies,
    isOthersFailure: () => isFailure,
    putBack,
    putBackForOthers() {
      putBack();
      for (const [method, given] of others) if (typeof method === "function") Reflect.apply(method, response, given);
      response.statusCode = othersStatus;
    },
  };
}
