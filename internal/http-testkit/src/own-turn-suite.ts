// Two requests that a client sends at once on one connection: the second is sold once the first is answered, unless it leaves before.
import { EventEmitter, once } from "node:events";
import { connect } from "node:net";
import { expect, test } from "vitest";
import { type FakeGate, fakeGate } from "./fake-gate.ts";

export interface OwnTurnShop {
  readonly gate: FakeGate;
  /** Resolves when `/slow` may answer. */
  slow(): Promise<unknown>;
  /** Is told each error of the application. */
  failed(error: unknown): void;
}

/** Registers the test. `listen` starts a shop until the test is over: `/slow` answers "slow", `/sold` sells "made". */
export function ownTurnSuite(listen: (shop: OwnTurnShop) => Promise<{ readonly port: number }>): void {
  test("a client that leaves before its earlier answer is charged for nothing, and one that stays gets both", async () => {
    const turns = new EventEmitter();
    const gate = fakeGate();
    const failures: unknown[] = [];
    const { port } = await listen({
      gate,
      slow() {
        const slow = once(turns, "slow");
        turns.emit("began");
        return slow;
      },
      failed: (error) => failures.push(error),
    });
    const sendTwo = async () => {
      const client = connect(port, "127.0.0.1");
      const began = once(turns, "began");
      const lines = (path: string) => `GET ${path} HTTP/1.1\r\nhost: shop\r\npayment: one\r\n\r\n`;
      client.write(lines("/slow") + lines("/sold"));
      await began;
      await pause(50);
      expect(gate.charged).toEqual([]);
      return client;
    };
    const leaving = await sendTwo();
    leaving.destroy();
    await pause(50);
    turns.emit("slow");
    await pause(20);
    expect([gate.charged, failures]).toEqual([[], []]);

    const staying = await sendTwo();
    turns.emit("slow");
    let got = "";
    for await (const part of staying) {
      got += part;
      if (got.includes("made")) break;
    }
    expect(got).toMatch(/slow.*made/s);
    expect(gate.charged).toHaveLength(1);
  });
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
