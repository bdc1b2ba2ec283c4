// Adapters of serverless platforms give Express a request and a response without a socket of Node's.
import { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { fakeGate } from "@tollbooth-stores/http-testkit";
import express from "express";
import { expect, test } from "vitest";
import { paid } from "./paid.ts";

/** As @codegenie/serverless-express makes them: of a socket they have only what Node's classes need. */
function partOfASocket(members: object): Socket {
  const part: Partial<Socket> = members;
  return part as Socket;
}

test("paid() sells where the request has no socket to listen to", async () => {
  const gate = fakeGate();
  const app = express().set("env", "test");
  app.post("/sold", paid(gate), (request, response) => void response.json(request.body));
  const request = new IncomingMessage(partOfASocket({ encrypted: true, readable: true, destroy: () => undefined }));
  const body = '{"a":1}';
  const headers = { payment: "one", "content-type": "application/json", "content-length": String(body.length) };
  Object.assign(request, { method: "POST", url: "/sold", headers, complete: true });
  request.push(body);
  request.push(null);
  const response = new ServerResponse(request);
  let sent = "";
  const write = (chunk: string | Uint8Array, _encoding: unknown, done: unknown) => {
    sent += Buffer.from(chunk).toString();
    if (typeof done === "function") done();
    return true;
  };
  const none = () => undefined;
  const writing = {
    _writableState: {},
    writable: true,
    on: none,
    removeListener: none,
    cork: none,
    uncork: none,
    write,
  };
  response.assignSocket(partOfASocket(writing));
  const finished = new Promise((resolve) => response.once("finish", resolve));
  app(request, response);
  await finished;
  expect([sent.split("\r\n")[0], sent.split("\r\n\r\n")[1]]).toEqual(["HTTP/1.1 200 OK", body]);
  expect(gate.charged).toEqual(["one"]);
});
