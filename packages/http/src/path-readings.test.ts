// Dots that lead out of their segment, and what else a path may be for what is behind its router.
import { expect, test } from "vitest";
import { contextOf } from "./fetch-messages.ts";
import type { PaidGate } from "./paid-gate.ts";
import { beforeGate } from "./paid-options.ts";
import { fileReadingsOf, handlerReadingsOf, hasLeavingDots } from "./path-readings.ts";

test.each([
  ...["/a/../b", "/a/.", "/a/..", "/a/%2e%2e/b", "/a/.%2E", "/a/%252e%252e/b", "/a/%25%32%65./b", "/a\\..\\b"],
  ...["/a/%2e%2e%09/b", "/a/.%0a./b", "/a/.\t./b", "/a/..;x/b", "/a/..%3F", "/a/..%20", "/a/%2e%2e%23/b"],
  ...["/a/..%2fb", "/a/x%2F..%2F..%2Fb", "/a/x%2F%2F..%2Fb", "/a/..%5cb", "/a/%2F..%2Fb", "/a/..%252fb"],
  ...["/a/%2e%2e/b/%ff", "/a/%2e%2e/b/%", "/a/%2e%2e/b/%E0%A4%A", "/a/%2e%2e%2f%ff", "/a/%2e%2e%2f%E0%A4"],
])("%s has dots that lead out of their segment", (path) => {
  expect(hasLeavingDots(path)).toBe(true);
});

test.each([
  ...[
    "/",
    "//a",
    "/a.b",
    "/...",
    "/..a",
    "/a..",
    "/.well-known/x",
    "/%2E%2Ehidden",
    "/.git%2Fx",
    "/100%",
    "/%ff.",
    "/a;..",
  ],
  ...["/u/https%3A%2F%2Fe.com%2Fa%2F..%2Fb", "/u/https%3A%2F%2Fe.com%2F.%2Fb", "/u/a%2Fb", "/u/a%2F.."],
])("%s has none", (path) => {
  expect(hasLeavingDots(path)).toBe(false);
});

test("a path is read as a file server and as a handler's URL would have it", () => {
  expect(fileReadingsOf("/a/b/x.txt/")).toEqual([]);
  expect(fileReadingsOf("/x%2f..%2ffiles%5cdear.txt/%ff")).toEqual(["/files/dear.txt/%ff"]);
  for (const end of ["%20", " "]) expect(fileReadingsOf(`/files/dear.txt${end}`)).toEqual(["/files/dear.txt"]);
  expect(handlerReadingsOf("/u/a")).toEqual({ all: [], ofOneRoute: [] });
  expect(handlerReadingsOf("/u/a%2Fb")).toEqual({ all: [], ofOneRoute: [] });
  expect(handlerReadingsOf("/u/a%2F..%2Fb%3Fc")).toEqual({
    all: expect.arrayContaining(["/u/b?c", "/u/b"]),
    ofOneRoute: expect.arrayContaining(["/u/b%3Fc", "/u/b"]),
  });
  for (const end of ["%3Fa", "%23", "%253Fa"]) {
    const cut = handlerReadingsOf(`/u/dear%2Fx%2F..${end}/b`);
    for (const readings of [cut.all, cut.ofOneRoute]) expect(readings).toContain("/u/dear");
  }
  expect(handlerReadingsOf("/u/de%2561r%3Fx").ofOneRoute).toEqual(
    expect.arrayContaining(["/u/de%2561r", "/u/dear%3Fx", "/u/dear"]),
  );
  expect(handlerReadingsOf("/u/%2564ear").all).toEqual(expect.arrayContaining(["/u/%64ear", "/u/dear"]));
});

test("a path of any length and encoding is read in no time", () => {
  const began = performance.now();
  for (const unit of ["%25", "..%2f", "%252e", "/.", "\\", "%E0%A4", "?"]) {
    const path = `/${unit.repeat(16_000 / unit.length)}`;
    hasLeavingDots(path);
    fileReadingsOf(path);
    handlerReadingsOf(path);
  }
  expect(performance.now() - began).toBeLessThan(1_000);
});

test("a gate is not asked about dots, and passes no path that it sells as a file server reads it", () => {
  const sells: PaidGate["sells"] = ({ path }) => path === "/files/dear.txt";
  const gate: PaidGate = { handle: async () => undefined, sells };
  const before = (path: string, decodedPath?: string, asked = gate) => {
    const { adapter } = contextOf(new Request("https://api.example/"));
    const context = { adapter, method: "GET", path, ...(decodedPath !== undefined && { decodedPath }) };
    const answer = beforeGate(asked, context, "pass");
    return typeof answer === "string" ? answer : answer.status;
  };
  expect([before("/files/dear.txt"), before("/free"), before("/files%2Ffree")]).toEqual(["ask", "pass", "pass"]);
  expect([before("/files%2Fdear.txt"), before("/x%5C..%5Cfiles/dear.txt"), before("/a/..%2Fb")]).toEqual([
    404, 404, 404,
  ]);
  expect([before("/a", "/%2e%2e/a"), before("/%2e%2e/a", "/a"), before("/a", "/files%2fdear.txt")]).toEqual([
    404, 404, 404,
  ]);
  expect(before("/a/%2e%2e/%ff", undefined, { handle: gate.handle })).toBe(404);
});
