// Tells writers to wait while their answer is held. Held bytes reach no socket, so Node would never do so, and a writer without a wait
// of its own would block the event loop.

import { EventEmitter } from "node:events";
import type { ServerResponse } from "node:http";
import { isUint8Array } from "node:util/types";

const listening = ["on", "once", "addListener", "prependListener"] as const;
/** Bytes since the last "drain". */
const written = new WeakMap<ServerResponse, { bytes: number; isDue: boolean }>();

/**
 * What `write` returns, as Node's does: false from the high-water mark on, and "drain" follows in a later turn of the event loop. It
 * follows also where the response was given up meanwhile: a writer that waited for ever would keep its file or its connection. True
 * where middleware in front keeps listeners to itself, as compression() does: they would never hear a "drain".
 */
export function mayGoOn(response: ServerResponse, chunk: unknown): boolean {
  if (listening.some((method) => response[method] !== EventEmitter.prototype[method])) return true;
  const state = written.get(response) ?? { bytes: 0, isDue: false };
  written.set(response, state);
  if (typeof chunk === "string" || isUint8Array(chunk)) state.bytes += chunk.length;
  if (state.bytes < response.writableHighWaterMark) return true;
  if (!state.isDue) {
    state.isDue = true;
    setImmediate(() => {
      written.delete(response);
      response.emit("drain");
    });
  }
  return false;
}
