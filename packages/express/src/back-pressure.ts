// Tells writers to wait while their answer is held. Held bytes reach no socket, so Node would never do so, and a writer without a wait
// of its own would block the event loop.

import { EventEmitter } from "node:events";
import type { ServerResponse } from "node:http";
import { isUint8Array } from "node:util/types";
import { member } from "./replace-members.ts";

const listening = ["on", "once", "addListener", "prependListener", "prependOnceListener"] as const;
/** Bytes since the last "drain". */
const written = new WeakMap<ServerResponse, { bytes: number; isDue: boolean }>();

/**
 * To be put in place wherever `mayGoOn` answers a write: middleware in front may keep listeners to itself, as compression() does, and
 * those listeners would never hear the "drain" that this file emits. `isOurs`: whether writes are held or dropped now.
 */
export function drainListeners(response: ServerResponse, isOurs: () => boolean = () => true): PropertyDescriptorMap {
  const members = listening.map((name): [string, PropertyDescriptor] => {
    const method: unknown = Reflect.get(response, name);
    const listen = (...given: unknown[]): unknown => {
      const nodesOwn: unknown = Reflect.get(EventEmitter.prototype, name);
      const used = given[0] === "drain" && isOurs() ? nodesOwn : method;
      return typeof used === "function" ? Reflect.apply(used, response, given) : undefined;
    };
    return [name, member(listen)];
  });
  return Object.fromEntries(members);
}

/**
 * What `write` returns, as Node's does: false from the high-water mark on, and "drain" follows in a later turn of the event loop. It
 * follows also where the response was given up meanwhile: a writer that waited for ever would keep its file or its connection.
 */
export function mayGoOn(response: ServerResponse, chunk: unknown): boolean {
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
