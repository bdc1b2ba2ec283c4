// An answer that gives way to an earlier end, where middleware in front holds one back.
import { AsyncLocalStorage } from "node:async_hooks";
import type { ServerResponse } from "node:http";
import type { Answer } from "@tollbooth-stores/http";
import { heldHead } from "./held-head.ts";
import { member, replaceMembers } from "./replace-members.ts";
import { hasBegun, isOver, sendAnswer, setHead } from "./send-answer.ts";
import { sendBytesOf } from "./send-whole.ts";

/** The response whose end was called here, in all that comes of that call. */
const ending = new AsyncLocalStorage<ServerResponse>();

/**
 * Middleware that holds an earlier end back drops this one, and sends the other as it was made. Any other middleware lets this one through:
 * without it a client would wait for ever.
 */
export function answerUnlessHeld(response: ServerResponse, answer: Answer): void {
  const before = heldHead(response, () => false);
  ending.run(response, () => sendAnswer(response, answer));
  if (hasBegun(response) || isOver(response)) return;
  before.putBack();
  const implicitHeader: unknown = Reflect.get(response, "_implicitHeader");
  const head = () => {
    if (ending.getStore() === response) {
      // Without what middleware in front has made of the head for other bytes.
      before.putBack();
      setHead(response, answer);
      sendBytesOf(response, answer);
    }
    if (typeof implicitHeader === "function") Reflect.apply(implicitHeader, response, []);
  };
  replaceMembers(response, { _implicitHeader: member(head) });
}
