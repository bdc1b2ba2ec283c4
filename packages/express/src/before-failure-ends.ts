// Does something before a failure's last bytes are sent, so that a client that comes back at once finds it done.
import type { ServerResponse } from "node:http";
import { member, replaceMembers } from "./replace-members.ts";
import { sealResponse, sealUntilFinish } from "./seal-response.ts";

/**
 * Runs `work` before the end of a response whose status is 500 or above, once. What `work` rejects with ends the connection. The
 * answer is that of the first end: what comes later is dropped.
 */
export function beforeFailureEnds(response: ServerResponse, work: () => Promise<void>): void {
  const { writeHead, end } = response;
  let sent: number | undefined;
  replaceMembers(response, {
    writeHead: member((...given: unknown[]) => {
      const result: unknown = Reflect.apply(writeHead, response, given);
      sent ??= response.statusCode;
      return result;
    }),
    end: member((...given: unknown[]) => {
      const isFailure = (sent ?? response.statusCode) >= 500;
      if (!isFailure || response.writableEnded) return Reflect.apply(end, response, given);
      // Before the seal, so that it may still change the headers.
      const working = work();
      const open = sealResponse(response);
      working.then(
        () => {
          open();
          Reflect.apply(end, response, given);
          sealUntilFinish(response);
        },
        (error: unknown) => {
          open();
          response.destroy(error instanceof Error ? error : undefined);
        },
      );
      return response;
    }),
  });
}
