// Waiting that is aborted leaves no rejection that ends the process.
import { expect, it } from "vitest";
import { unlessAborted } from "./changes.ts";

it("handles the failure of work whose caller had given up before", async () => {
  const unhandled: unknown[] = [];
  const hear = (error: unknown) => unhandled.push(error);
  process.on("unhandledRejection", hear);
  try {
    const late = Promise.reject(new Error("too late"));
    await expect(unlessAborted(AbortSignal.abort(new Error("given up")), late)).rejects.toThrow("given up");
    // Unhandled rejections are told when the turn is over.
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(unhandled).toEqual([]);
  } finally {
    process.off("unhandledRejection", hear);
  }
});
