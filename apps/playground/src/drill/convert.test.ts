// Access logs as traces: what is kept, what is made up, and what cannot be read.
import { describe, expect, test } from "vitest";
import { convertAccessLog } from "./convert.ts";
import { parseTrace, writeTrace } from "./trace.ts";

const line = (client: string, time: string, status: number, agent = '"-" "curl/8.5.0"') =>
  `${client} - alice [10/Oct/2026:${time} +0200] "GET /prices?day=1 HTTP/1.1" ${status} 512 ${agent}`;

const plain = { sessions: false };

describe("a combined log", () => {
  test("keeps clients, times and order; pays where it was served or limited, and asks elsewhere", () => {
    const { events, skipped } = convertAccessLog(
      [
        line("203.0.113.7", "13:55:36", 200),
        line("2001:db8::1", "13:55:38", 429),
        line("203.0.113.9", "13:55:39", 402),
        line("203.0.113.7", "13:56:00", 500),
      ].join("\n"),
      plain,
    );
    expect(skipped).toBe(0);
    const common = { userAgent: "curl/8.5.0" };
    expect(events).toEqual([
      { at: 0, client: "203.0.113.7", ...common, action: "pay", note: "GET /prices?day=1 200" },
      { at: 2_000, client: "2001:db8::1", ...common, action: "pay", note: "GET /prices?day=1 429" },
      { at: 3_000, client: "203.0.113.9", ...common, action: "ask", note: "GET /prices?day=1 402" },
      { at: 24_000, client: "203.0.113.7", ...common, action: "ask", note: "GET /prices?day=1 500" },
    ]);
  });

  test("spreads the requests of a second over it, in their order", () => {
    const second = ["203.0.113.1", "203.0.113.2", "203.0.113.3"].map((client) => line(client, "13:55:36", 200));
    const { events } = convertAccessLog([...second, line("203.0.113.4", "13:55:37", 200)].join("\n"), plain);
    expect(events.map(({ at, client }) => [at, client])).toEqual([
      [0, "203.0.113.1"],
      [333, "203.0.113.2"],
      [666, "203.0.113.3"],
      [1_000, "203.0.113.4"],
    ]);
  });

  test("puts lines that came out of order where they belong, time zones minded", () => {
    const earlier = line("203.0.113.2", "12:55:36", 200).replace("+0200", "+0100").replace("12:55:36", "12:55:35");
    const { events } = convertAccessLog([line("203.0.113.1", "13:55:36", 200), earlier].join("\n"), plain);
    expect(events.map(({ at, client }) => [at, client])).toEqual([
      [0, "203.0.113.2"],
      [1_000, "203.0.113.1"],
    ]);
  });

  test("with sessions: a client's first served request buys, the others use", () => {
    const { events } = convertAccessLog(
      [1, 2, 3].map((second) => line("203.0.113.7", `13:55:0${second}`, second === 2 ? 429 : 200)).join("\n"),
      { sessions: true },
    );
    expect(events.map(({ action }) => action)).toEqual(["buy", "use", "use"]);
  });

  test("of the common format has no user agent, and is read", () => {
    const { events } = convertAccessLog(line("203.0.113.7", "13:55:36", 200, "").trimEnd(), plain);
    expect(events).toEqual([{ at: 0, client: "203.0.113.7", action: "pay", note: "GET /prices?day=1 200" }]);
  });

  test.each([
    ["escaped quotes", String.raw`Mozilla \"q\" 5`, 'Mozilla "q" 5'],
    ["quotes as bytes", String.raw`Mozilla \x22q\x22 5`, 'Mozilla "q" 5'],
    ["a backslash at its end", String.raw`dir\\`, "dir\\"],
    ["an escaped backslash before what looks like a byte", String.raw`\\x22`, String.raw`\x22`],
    ["a byte that cannot be printed", String.raw`a\x16b`, "a?b"],
    ["an escape of another kind", String.raw`a\tb`, String.raw`a\tb`],
  ])("reads a user agent with %s", (_what, written, userAgent) => {
    const { events } = convertAccessLog(line("203.0.113.7", "13:55:36", 200, `"a \\"ref\\"" "${written}"`), plain);
    expect(events).toMatchObject([{ userAgent, note: "GET /prices?day=1 200" }]);
  });

  test("becomes a trace that can be played, whatever its user agents hold", () => {
    const odd = line("203.0.113.7", "13:55:36", 200, `"-" "${"ü".repeat(600)}\\x16"`);
    for (const sessions of [false, true]) {
      const { events } = convertAccessLog([odd, line("203.0.113.7", "13:55:37", 201)].join("\n"), { sessions });
      expect(parseTrace(writeTrace(events), "t")).toHaveLength(2);
    }
  });
});

test("lines that are no requests are counted, the first five named, and left out", () => {
  const bad = [
    "garbage",
    line("not-an-address", "13:55:36", 200),
    line("203.0.113.7", "13:55:36", 200).replace("Oct", "Foo"),
    '203.0.113.7 - - [10/Oct/2026:13:55:36 +0000] "\\x16\\x03" 400 0',
    "{}",
    "more",
  ];
  const { events, skipped, firstSkipped } = convertAccessLog(
    [line("203.0.113.7", "13:55:36", 200), "", ...bad].join("\r\n"),
    plain,
  );
  expect(events).toHaveLength(1);
  expect([skipped, firstSkipped]).toEqual([6, [3, 4, 5, 6, 7]]);
});
