// Does something before a failure's last bytes are sent, so that a client that comes back at once finds it done.
import type { ServerResponse } from "node:http";
import { member, replaceMembers } from "./replace-members.ts";
import { endFailure, sealResponse, sealUntilFinish } from "./seal-response.ts";

interface FailureWork {
  /** Before the head is written: it may change the headers. */
  head(): void;
  /** Before the end, once. What it rejects with ends the connection. */
  end(): Promise<void>;
}

/** For a response whose status is 500 or above. The answer is that of the first end: what comes later is dropped. */
export function beforeFailureEnds(response: ServerResponse, work: FailureWork): void {
  const { writeHead, end } = response;
  let sent: number | undefined;
  let working: Promise<void> | undefined;
  const onError = (error: unknown) => void response.destroy(error instanceof Error ? error : undefined);
  // Middleware in front may have kept Node's own end, or holds one back that calls it: then the answer ends past this one.
  response.once("finish", () => {
    if ((sent ?? response.statusCode) < 500 || working !== undefined) return;
    working = work.end();
    working.catch(onError);
  });
  replaceMembers(response, {
    writeHead: member((...given: unknown[]) => {
      if (sent === undefined && Number(given[0]) >= 500) work.head();
      const result: unknown = Reflect.apply(writeHead, response, given);
      sent ??= response.statusCode;
      return result;
    }),
    end: member((...given: unknown[]) => {
      const isFailure = (sent ?? response.statusCode) >= 500;
      if (!isFailure || response.writableEnded) return Reflect.apply(end, response, given);
      working ??= work.end();
      const open = sealResponse(response);
      working.then(
        () => {
          open();
          endFailure(response, () => Reflect.apply(end, response, given));
          sealUntilFinish(response);
        },
        (error: unknown) => {
          open();
          onError(error);
        },
      );
      return response;
    }),
  });
}
