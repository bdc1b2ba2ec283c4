// Middleware in front of paid() that answers the request itself, as a timeout or a heartbeat does.
import type { ServerResponse } from "node:http";
import { member, replaceMembers } from "./replace-members.ts";
import { hasBegun, isOver } from "./send-answer.ts";

/** Throws where the response was begun, or is over: the sold answer could not be sent. */
export function requireUnanswered(response: ServerResponse): void {
  if (hasBegun(response) || isOver(response)) throw answeredByOthers();
}

/** Calls `beforeHead` before a head is written. The function that it returns ends that. */
export function onOthersHead(response: ServerResponse, beforeHead: (error: Error) => void): () => void {
  const { writeHead } = response;
  return replaceMembers(response, {
    writeHead: member((...given: unknown[]) => {
      beforeHead(answeredByOthers());
      return Reflect.apply(writeHead, response, given);
    }),
  });
}

function answeredByOthers(): Error {
  return new Error("The response was begun by others before paid() could send an answer.");
}
