// An answer that others give in the place of the one that is sold: a timeout in front, say, or a heartbeat.
import type { ServerResponse } from "node:http";
import { member, replaceMembers } from "./replace-members.ts";
import { hasBegun, isOver } from "./send-answer.ts";

/** Throws where what is sold could not be sent: the response was begun, or is over. */
export function requireUnanswered(response: ServerResponse): void {
  if (hasBegun(response) || isOver(response)) throw answeredByOthers();
}

/** Until the function that it returns is called, `onHead` hears of a head before it is written. */
export function onOthersHead(response: ServerResponse, onHead: (error: Error) => void): () => void {
  const { writeHead } = response;
  return replaceMembers(response, {
    writeHead: member((...given: unknown[]) => {
      onHead(answeredByOthers());
      return Reflect.apply(writeHead, response, given);
    }),
  });
}

function answeredByOthers(): Error {
  return new Error("The response was begun by others before paid() could send an answer.");
}
