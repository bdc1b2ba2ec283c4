// What a handler of a sold answer does not see of its request.
import { expect, test, vi } from "vitest";
import { hideConditions } from "./conditional-headers.ts";

const conditions = {
  range: "bytes=0-1",
  "if-range": '"1"',
  "if-none-match": '"1"',
  "if-match": '"1"',
  "if-modified-since": "Sat, 28 Nov 2026 00:00:00 GMT",
  "if-unmodified-since": "Sat, 28 Nov 2026 00:00:00 GMT",
};
const requestOf = (method: string) =>
  new Request("https://shop.example/", { method, headers: { ...conditions, accept: "text/plain" } });

test.each(["GET", "HEAD", "QUERY", "query"])(
  "a %s loses all conditions, and keeps the rest: also in a copy",
  (method) => {
    const request = requestOf(method);
    hideConditions(request);
    for (const one of [request, request.clone(), new Request(request)]) {
      expect([...one.headers]).toEqual([["accept", "text/plain"]]);
    }
  },
);

test.each(Object.entries(conditions))("%s is hidden where it is the only condition", (name, value) => {
  const request = new Request("https://shop.example/", { headers: { [name]: value } });
  hideConditions(request);
  expect([...request.headers]).toEqual([]);
});

test("a PUT keeps what guards the thing that it changes", () => {
  const request = requestOf("PUT");
  hideConditions(request);
  const left = [...request.headers.keys()];
  expect(left).toEqual(["accept", "if-match", "if-none-match", "if-unmodified-since"]);
});

test("where headers allow no change, the request shows a copy without the conditions", () => {
  const request = requestOf("GET");
  vi.spyOn(request.headers, "delete").mockImplementation(() => {
    throw new TypeError("Can't modify immutable headers.");
  });
  hideConditions(request);
  expect([...request.headers]).toEqual([["accept", "text/plain"]]);
});
