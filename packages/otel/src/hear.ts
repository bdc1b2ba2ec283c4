// Subscriptions to core's telemetry channels.
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import {
  type AnswerMessage,
  answerChannel,
  type BatchMessage,
  batchChannel,
  type ConnectionMessage,
  connectionChannel,
  type OperationMessage,
  operationChannel,
  type PaymentMessage,
  paymentChannel,
} from "@tollbooth-stores/core";
import { guarded } from "./guarded.ts";

interface Messages {
  [answerChannel]: AnswerMessage;
  [batchChannel]: BatchMessage;
  [connectionChannel]: ConnectionMessage;
  [operationChannel]: OperationMessage;
  [paymentChannel]: PaymentMessage;
}

/**
 * An error that `on` throws is told once, and goes no further. The function returned ends it. Core alone publishes on these channels, so
 * each message is of its channel's type.
 */
export function hear<Channel extends keyof Messages>(
  channel: Channel,
  on: (message: Messages[Channel]) => void,
): () => void {
  const listener = guarded((message: unknown) => on(message as Messages[Channel]));
  subscribe(channel, listener);
  return () => void unsubscribe(channel, listener);
}
