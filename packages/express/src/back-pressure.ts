// Makes writers wait whose bytes reach no socket: without it one that has no wait of its own keeps the event loop to itself.
import type { ServerResponse } from "node:http";

/** Bytes since the last "drain". */
const written = new WeakMap<ServerResponse, { bytes: number; isDue: boolean }>();

/**
 * What `write` returns, as Node's does: false from the high-water mark on, and "drain" follows in a later turn of the event loop. It
 * follows also where the response was given up meanwhile: a writer that waited for ever would keep its file or its connection.
 */
export function mayGoOn(response: ServerResponse, chunk: unknown): boolean {
  const state = written.get(response) ?? { bytes: 0, isDue: false };
  written.set(response, state);
  if (typeof chunk === "string" || chunk instanceof Uint8Array) state.bytes += chunk.length;
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
