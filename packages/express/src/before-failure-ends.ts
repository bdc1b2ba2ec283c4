// Does something before a failure's last bytes are sent, so that a client that comes back at once finds it done.
import type { ServerResponse } from "node:http";

/** Runs `work` before the end of a response whose status is 500 or above. What `work` rejects with ends the connection. */
export function beforeFailureEnds(response: ServerResponse, work: () => Promise<void>): void {
  const { end } = response;
  let isEnding = false;
  Object.assign(response, {
    end(...given: unknown[]) {
      if (isEnding) return response;
      if (response.statusCode < 500) return Reflect.apply(end, response, given);
      isEnding = true;
      work().then(
        () => Reflect.apply(end, response, given),
        (error: unknown) => response.destroy(error instanceof Error ? error : undefined),
      );
      return response;
    },
  });
}
