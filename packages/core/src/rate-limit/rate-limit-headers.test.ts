// The headers: their values, what they round, which decision they go by, and that a name cannot break out.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { rateLimitHeaders } from "./rate-limit-headers.ts";
import type { ReportedDecision } from "./ratelimit-draft.ts";

const allowed: ReportedDecision = {
  allowed: true,
  limit: 100,
  remaining: 99,
  retryAfterMs: 0,
  resetAfterMs: 59_001,
  source: "store",
};
const denied: ReportedDecision = {
  ...allowed,
  allowed: false,
  remaining: 0,
  retryAfterMs: 1_200,
  resetAfterMs: 30_000,
};

/** An independent, strict reader of a List of Strings with Integer parameters (RFC 9651, section 4.2). */
function readList(field: string): { name: string; parameters: Record<string, number> }[] {
  const item = /"((?:[ !#-[\]-~]|\\["\\])*)"((?:;[a-z]+=-?\d{1,15})*)(?:, (?!$)|$)/y;
  const items = [];
  while (item.lastIndex < field.length) {
    const match = item.exec(field);
    if (match === null) throw new Error(`not a structured field: ${field}`);
    const pairs = (match[2] ?? "").split(";").slice(1);
    items.push({
      name: (match[1] ?? "").replace(/\\(.)/g, "$1"),
      parameters: Object.fromEntries(pairs.map((pair) => pair.split("=")).map(([key = "", n]) => [key, Number(n)])),
    });
  }
  return items;
}

describe("rateLimitHeaders", () => {
  it("tells of an allowed call: the draft's two fields and the X- ones, no Retry-After", () => {
    expect(rateLimitHeaders([{ ...allowed, name: "search", windowMs: 60_000 }])).toEqual({
      "RateLimit-Policy": '"search";q=100;w=60',
      RateLimit: '"search";r=99;t=60',
      "X-RateLimit-Limit": "100",
      "X-RateLimit-Remaining": "99",
      "X-RateLimit-Reset": "60",
    });
  });

  it("tells a denied client when to come back, in whole seconds rounded up", () => {
    expect(rateLimitHeaders([denied])).toEqual({
      "RateLimit-Policy": '"default";q=100',
      RateLimit: '"default";r=0;t=2',
      "X-RateLimit-Limit": "100",
      "X-RateLimit-Remaining": "0",
      "X-RateLimit-Reset": "30",
      "Retry-After": "2",
    });
    for (const retryAfterMs of [0, 1, 1_000]) {
      expect(rateLimitHeaders([{ ...denied, retryAfterMs }])["Retry-After"]).toBe("1");
    }
  });

  it("says nothing of coming back where the cost can never fit, also beside a denial that passes", () => {
    const never = { ...denied, retryAfterMs: null };
    expect(rateLimitHeaders([never])).not.toHaveProperty("Retry-After");
    expect(rateLimitHeaders([denied, never, denied])).not.toHaveProperty("Retry-After");
    expect(rateLimitHeaders([never]).RateLimit).toBe('"default";r=0;t=30');
  });

  it("goes by the denial that lasts longest, else by the least remaining, else by the longest reset", () => {
    const shown = (...decisions: ReportedDecision[]) => {
      const headers = rateLimitHeaders(decisions);
      return [headers["X-RateLimit-Limit"], headers["Retry-After"]];
    };
    const roomy = { ...allowed, limit: 1, remaining: 50 };
    const tight = { ...allowed, limit: 2, remaining: 5 };
    const tightLonger = { ...tight, limit: 3, resetAfterMs: 90_000 };
    const short = { ...denied, limit: 4, retryAfterMs: 1_000, remaining: 1 };
    const long = { ...denied, limit: 5, retryAfterMs: 60_000, remaining: 3 };
    expect(shown(roomy, tight)).toEqual(["2", undefined]);
    expect(shown(tight, tightLonger, roomy)).toEqual(["3", undefined]);
    expect(shown(short, tight)).toEqual(["4", "1"]);
    expect(shown(tight, short, long, roomy)).toEqual(["5", "60"]);
  });

  it("lists every decision in order and names the nameless by position", () => {
    const headers = rateLimitHeaders([allowed, { ...denied, name: "b" }, { ...allowed, windowMs: 1 }]);
    expect(headers["RateLimit-Policy"]).toBe('"default";q=100, "b";q=100, "default-3";q=100;w=1');
    expect(headers.RateLimit).toBe('"default";r=99;t=60, "b";r=0;t=2, "default-3";r=99;t=60');
  });

  it("has none for an empty list", () => {
    expect(rateLimitHeaders([])).toEqual({});
  });

  it("keeps within the 15 digits of a structured Integer", () => {
    const huge = 2 ** 52 - 1;
    const headers = rateLimitHeaders([{ ...allowed, limit: huge, remaining: huge }]);
    expect(headers["RateLimit-Policy"]).toBe('"default";q=999999999999999');
    expect(headers.RateLimit).toBe('"default";r=999999999999999;t=60');
  });

  it("escapes names so that they neither break out nor meet", () => {
    const nameOf = (name: string) => rateLimitHeaders([{ ...allowed, name }])["RateLimit-Policy"];
    expect(nameOf('a"b\\c')).toBe('"a\\"b\\\\c";q=100');
    expect(nameOf("é\r\nX-Evil: 1")).toBe('"%C3%A9%0D%0AX-Evil: 1";q=100');
    expect(nameOf("%C3%A9")).toBe('"%25C3%25A9";q=100');
    expect(nameOf("\ud800")).toBe('"%EF%BF%BD";q=100');
    expect(nameOf("x".repeat(5_000))?.length).toBeLessThan(120);
  });

  it("writes valid structured fields and valid header values for any name", () => {
    const names = fc.array(fc.string({ unit: "binary", maxLength: 150 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(names, (given) => {
        const headers = rateLimitHeaders(given.map((name) => ({ ...denied, name, windowMs: 1_000 })));
        for (const [name, value] of Object.entries(headers)) new Headers().set(name, value);
        const items = readList(headers["RateLimit-Policy"] ?? "");
        expect(items.map(({ parameters }) => parameters)).toEqual(given.map(() => ({ q: 100, w: 1 })));
        expect(items.every(({ name }) => name.length <= 1_024)).toBe(true);
        expect(readList(headers.RateLimit ?? "").map(({ name }) => name)).toEqual(items.map(({ name }) => name));
      }),
      { numRuns: 300 },
    );
  });
});
