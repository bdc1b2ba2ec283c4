// Requests that a client sends at once on one connection are answered one after another.
import type { ServerResponse } from "node:http";

/**
 * Resolves once the response has its connection, or `gone` aborts. Until then nothing of it is sent, and nothing that is recorded as
 * delivered has reached anyone: its client may leave while the request before it is answered.
 */
export async function ownTurn(response: ServerResponse, gone: AbortSignal): Promise<void> {
  if (response.socket !== null || gone.aborted) return;
  await new Promise<void>((resolve) => {
    const begin = () => {
      response.off("socket", begin);
      gone.removeEventListener("abort", begin);
      resolve();
    };
    response.once("socket", begin);
    gone.addEventListener("abort", begin);
  });
}
