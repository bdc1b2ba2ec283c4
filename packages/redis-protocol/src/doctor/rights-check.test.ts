// Which rights are asked for, by ACL DRYRUN and without it. Real servers are asked by the doctor's suites.
import { describe, expect, it } from "vitest";
import { checkRights } from "./rights-check.ts";

/** A server whose user may not run these commands, in capitals. It notes what it was sent. */
function server(forbidden: readonly string[], { dryRuns }: { readonly dryRuns: boolean }) {
  const sent: string[] = [];
  const ask = async (...words: string[]): Promise<unknown> => {
    const [name = "", second = ""] = words;
    const [user, ...command] = words.slice(2);
    const mayNot = ([first = "", next = ""]: readonly string[]) =>
      forbidden.includes(first) || forbidden.includes(`${first} ${next}`);
    if (name === "ACL" && second === "DRYRUN") {
      if (!dryRuns) throw new Error("NOPERM this user has no permissions to run the 'acl' command");
      return mayNot(command) ? `User ${user} has no permissions to run the command` : "OK";
    }
    sent.push(name);
    if (mayNot(words)) throw new Error(`NOPERM this user has no permissions to run the '${name}' command`);
    if (name === "EVALSHA") throw new Error("NOSCRIPT No matching script.");
    return "OK";
  };
  return { ask, sent };
}

const cluster = { cluster: true, db: 0 };
const single = { cluster: false, db: 0 };

describe.each([true, false])("the rights of a user (ACL DRYRUN is allowed: %s)", (dryRuns) => {
  const found = (forbidden: readonly string[], connection: typeof single) =>
    checkRights(server(forbidden, { dryRuns }).ask, "app", ["tollbooth:rl"], connection);

  it("are those of a cluster's connections, too", async () => {
    expect(await found(["CLUSTER SLOTS"], cluster)).toMatchObject({
      level: "error",
      message: expect.stringMatching(/: cluster\|slots\. /),
    });
    expect(await found(["CLUSTER SLOTS", "ASKING"], single)).toMatchObject({ level: "ok" });
  });

  it("are SELECT, where the connection is to another database than 0", async () => {
    expect(await found(["SELECT"], { cluster: false, db: 1 })).toMatchObject({
      level: "error",
      message: expect.stringMatching(/: select\. /),
    });
    expect(await found(["SELECT"], single)).toMatchObject({ level: "ok" });
  });
});

it("ASKING is found to be missing, and never sent: the connection's next call would go where its slot is moving to", async () => {
  const { ask, sent } = server(["ASKING"], { dryRuns: true });
  expect(await checkRights(ask, "app", ["tollbooth:rl"], cluster)).toMatchObject({
    level: "error",
    message: expect.stringMatching(/: asking\. /),
  });
  const other = server(["ASKING"], { dryRuns: false });
  expect(await checkRights(other.ask, "app", ["tollbooth:rl"], cluster)).toMatchObject({
    level: "ok",
    message: expect.stringMatching(/ASKING.*is not told/),
  });
  expect([...sent, ...other.sent]).not.toContain("ASKING");
});
