// Bodies that dawdle: a limit answers without them, and none is waited for longer than seconds.
import { connect } from "node:net";
import { testConfig } from "@tollbooth-stores/sandbox";
import { expect, test } from "vitest";
import { testSystem } from "../testing/test-system.ts";

const system = testSystem(
  testConfig.replace("perIp: { limit: 100000, window: 1m }", "perIp: { limit: 1, window: 1m }"),
);

/** Sends a POST's head and the beginning of its body; resolves with what was answered once the connection is closed. */
function dawdle(path: string): Promise<string> {
  const { hostname, port } = new URL(system.url());
  return new Promise((resolve, reject) => {
    let answer = "";
    const socket = connect(Number(port), hostname, () => {
      socket.write(
        `POST ${path} HTTP/1.1\r\nhost: gateway\r\ncontent-length: 100\r\nconnection: close\r\n\r\nonly so much`,
      );
    });
    socket.setEncoding("utf8").on("data", (text) => {
      answer += text;
      if (answer.includes("\r\n\r\n")) socket.end();
    });
    socket.on("close", () => resolve(answer)).on("error", reject);
  });
}

test("a request above the limit is answered before its body has come", async () => {
  await fetch(system.url("/quote"));
  const started = performance.now();
  expect(await dawdle("/order")).toMatch(/^HTTP\/1\.1 429 /);
  expect(performance.now() - started).toBeLessThan(2_000);
});
