// The tests of what is sold once more, with the global Response that @hono/node-server puts in place: it keeps the Headers it is given.
import { getRequestListener } from "@hono/node-server";
import { expect, test } from "vitest";

const native = Response;
getRequestListener(() => new Response());
await import("./answered-in-front.test.ts");
await import("./paid.test.ts");
await import("./paid-twice.test.ts");
await import("./session.test.ts");
await import("./sold-response.test.ts");
await import("./streamed-body.test.ts");

test("the global Response is that of @hono/node-server", () => {
  expect(Response).not.toBe(native);
});
