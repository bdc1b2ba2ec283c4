// The trace format: what is filled in, and what cannot be played, by its line.
import { describe, expect, test } from "vitest";
import { parseTrace, requestsOf, TraceError, type TraceEvent, writeTrace } from "./trace.ts";

const lines = (...events: readonly object[]) => events.map((event) => JSON.stringify(event)).join("\n");
const client = "203.0.113.7";

describe("a trace", () => {
  test("is read line by line, with ids from the file's name and the line, and every default filled in", () => {
    const text = `${lines({ at: 0, client, action: "pay" }, { at: 5, client, action: "ask", note: "x" })}\n\n${lines({
      at: 6.5,
      client: "2001:db8::1",
      action: "buy",
      session: "S",
      forwardedFor: "192.0.2.1, 192.0.2.2",
      userAgent: "curl",
    })}\n`;
    expect(parseTrace(text, "my trace.jsonl")).toEqual([
      {
        id: "my_trace.jsonl-1",
        at: 0,
        client,
        action: "pay",
        route: "/quote",
        payment: "my_trace.jsonl-1",
        payer: client,
      },
      { id: "my_trace.jsonl-2", at: 5, client, action: "ask", route: "/quote" },
      {
        id: "my_trace.jsonl-4",
        at: 6.5,
        client: "2001:db8::1",
        action: "buy",
        session: "S",
        route: "/stream",
        payment: "my_trace.jsonl-4",
        payer: "2001:db8::1",
        forwardedFor: "192.0.2.1, 192.0.2.2",
        userAgent: "curl",
      },
    ]);
  });

  test("is played by time; a use takes its session's route; a payment keeps its first payer", () => {
    const requests = parseTrace(
      lines(
        { at: 30, client, action: "use", session: "S" },
        { at: 20, client, action: "buy", session: "S", route: "/search", payer: "alice" },
        { at: 10, client, action: "pay", payment: "A", payer: "bob" },
        { at: 40, client: "192.0.2.1", action: "pay", payment: "A", payer: "mallory" },
      ),
      "t",
    );
    expect(requests.map(({ id }) => id)).toEqual(["t-3", "t-2", "t-1", "t-4"]);
    expect(requests[2]).toMatchObject({ route: "/search" });
    expect(requests[3]).toMatchObject({ payer: "bob" });
  });

  test("written and read again is the same", () => {
    const events: TraceEvent[] = [
      { at: 0, client, action: "buy", session: "S" },
      { at: 1, client, action: "use", session: "S" },
      { at: 2, client, action: "pay", payment: "A", forwardedFor: "192.0.2.1" },
    ];
    expect(parseTrace(writeTrace(events), "t")).toEqual(requestsOf(events, "t"));
  });

  test("makes ids that the gateway passes on, whatever the file is called", () => {
    const [request] = parseTrace(lines({ at: 0, client, action: "ask" }), `${"ä/\n ".repeat(50)}`);
    expect(request?.id).toMatch(/^[\w.:/-]{1,128}$/);
  });
});

describe("what cannot be played is told in one line, by the lines' numbers", () => {
  test.each<[string, string, RegExp]>([
    ["no JSON", "{", /line 1: is no JSON\.$/],
    ["another kind of value", "7", /line 1: /],
    ["an unknown action", lines({ at: 0, client, action: "steal" }), /line 1: action: /],
    [
      "a client that is no address",
      lines({ at: 0, client: "bob", action: "ask" }),
      /line 1: client: must be an IP address/,
    ],
    ["a negative instant", lines({ at: -1, client, action: "ask" }), /line 1: at: /],
    ["an unknown field", lines({ at: 0, client, action: "ask", cost: 1 }), /line 1: .*cost/],
    ["a header that would be two", lines({ at: 0, client, action: "ask", userAgent: "a\r\nb" }), /line 1: userAgent: /],
    ["a use before the purchase", lines({ at: 0, client, action: "use", session: "S" }), /line 1: nobody has bought/],
    [
      "a session bought twice",
      lines({ at: 0, client, action: "buy", session: "S" }, { at: 1, client, action: "buy", session: "S" }),
      /line 2: this session was bought before/,
    ],
    [
      "a session used for another route",
      lines(
        { at: 0, client, action: "buy", session: "S" },
        { at: 1, client, action: "use", session: "S", route: "/search" },
      ),
      /line 2: this session was bought for another route/,
    ],
    ["nothing", "\n\n", /it has no requests/],
    ["too much", "\n".repeat(200_002), /more than 200000 lines/],
  ])("%s", (_what, text, message) => {
    const parse = () => parseTrace(text, "t");
    expect(parse).toThrow(TraceError);
    expect(parse).toThrow(message);
  });

  test("several lines at once, ten at most", () => {
    const parse = () => parseTrace("x\n".repeat(12), "t");
    expect(parse).toThrow(/line 1: is no JSON; line 2: .*line 10: is no JSON; and 2 more\.$/);
  });
});
