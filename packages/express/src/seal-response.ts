// Makes handlers unable to change an answer that is made, while its end is still to come.
import type { ServerResponse } from "node:http";
import { member, replaceMembers } from "./replace-members.ts";

const changing = [
  ...["writeHead", "_implicitHeader", "flushHeaders", "end", "addTrailers"],
  ...["setHeader", "appendHeader", "removeHeader", "setHeaders"],
  ...["writeContinue", "writeEarlyHints", "writeProcessing"],
];

/**
 * Nothing that handlers do reaches the response, and nothing tells them so: an error that comes after the end would take the
 * connection with it, because Express ends the connection of an error that it cannot answer. So `headersSent` is false. The function
 * that it returns makes the response as it was.
 */
export function sealResponse(response: ServerResponse): () => void {
  const { statusCode, statusMessage } = response;
  const open = replaceMembers(response, {
    ...Object.fromEntries(changing.map((name) => [name, member(() => response)])),
    write: member(() => true),
    headersSent: { get: () => false },
    writableEnded: { get: () => true },
  });
  return () => {
    open();
    Object.assign(response, { statusCode, statusMessage });
  };
}
