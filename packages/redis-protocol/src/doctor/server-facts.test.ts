// Answers that no server of the tests gives: real ones are asked by the doctor's suites.
import { expect, it } from "vitest";
import { serverFacts } from "./server-facts.ts";

const noRight = () => new Error("NOPERM this user has no permissions");

/** A server that answers these, and refuses the rest. */
const answering =
  (answers: Readonly<Record<string, unknown>>) =>
  async (...words: string[]): Promise<unknown> => {
    const answer = answers[words.join(" ")] ?? noRight();
    if (answer instanceof Error) throw answer;
    return answer;
  };

it("says that a server is loading, where it refuses every other question for want of rights", async () => {
  const ask = answering({ INFO: "# Persistence\r\nloading:1\r\n" });
  await expect(serverFacts(ask)).rejects.toMatchObject({
    code: "STORE_UNAVAILABLE",
    message: expect.stringContaining("still loading"),
  });
});

it("says that a server asks for a login", async () => {
  const ask = answering({ TIME: new Error("NOAUTH Authentication required.") });
  await expect(serverFacts(ask)).rejects.toMatchObject({ message: expect.stringContaining("asks for authentication") });
});

it("takes no control character from a server, and no endless line", async () => {
  const facts = await serverFacts(
    answering({
      INFO: `redis_version:7\u001b[2J\r\nrole:${"x".repeat(10_000)}\r\n`,
      "ACL LIST": ["user a\u001b[2J on nopass"],
      "CONFIG GET bind": new Map([["bind", "127.0.0.1\u0007"]]),
    }),
  );
  expect(facts.info("redis_version")).toBe("7[2J");
  expect(facts.info("role")).toHaveLength(1_000);
  expect(facts.users).toEqual(["user a[2J on nopass"]);
  expect(facts.config("bind")).toBe("127.0.0.1");
});

it("leaves unknown what is refused", async () => {
  const facts = await serverFacts(answering({}));
  expect([facts.aheadMs, facts.users, facts.user, facts.info("role"), facts.config("bind")]).toEqual(
    Array(5).fill(undefined),
  );
});
