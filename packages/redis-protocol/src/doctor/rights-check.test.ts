// Which rights are asked for, by ACL DRYRUN and without it. Real servers are asked by the doctor's suites.
import { describe, expect, it } from "vitest";
import { checkRights } from "./rights-check.ts";

interface ServerOptions {
  /** Whether the user may ask ACL DRYRUN. */
  readonly dryRuns: boolean;
  /** Commands that redis.conf has taken away. */
  readonly absent?: readonly string[];
}

/** A server whose user may not run these commands, in capitals. It notes what it was sent. */
function server(forbidden: readonly string[], { dryRuns, absent = [] }: ServerOptions) {
  const sent: string[] = [];
  const ask = async (...words: string[]): Promise<unknown> => {
    const [name = "", second = ""] = words;
    const [user, ...command] = words.slice(2);
    const mayNot = ([first = "", next = ""]: readonly string[]) =>
      forbidden.includes(first) || forbidden.includes(`${first} ${next}`);
    if (name === "ACL" && second === "DRYRUN") {
      if (!dryRuns) throw new Error("NOPERM this user has no permissions to run the 'acl' command");
      if (absent.includes(command[0] ?? "")) throw new Error(`ERR Command '${command[0]}' not found`);
      return mayNot(command) ? `User ${user} has no permissions to run the command` : "OK";
    }
    sent.push(name);
    if (absent.includes(name)) throw new Error(`ERR unknown command '${name}', with args beginning with: `);
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
    expect(await found(["CLUSTER SLOTS"], cluster)).toMatchObject([
      { level: "error", message: expect.stringMatching(/: cluster\|slots\. /) },
    ]);
    expect(await found(["CLUSTER SLOTS", "ASKING"], single)).toMatchObject([{ level: "ok" }]);
  });

  it("do not mend a command that redis.conf has taken away", async () => {
    const of = (absent: readonly string[], forbidden: readonly string[] = []) =>
      checkRights(server(forbidden, { dryRuns, absent }).ask, "app", ["tollbooth:rl"], single);
    const byConf = expect.stringMatching(/rename-command.*restart/);
    expect(await of(["GET", "PTTL"], ["ZADD"])).toMatchObject([
      {
        level: "error",
        message: expect.stringMatching(/may not run .*: zadd\. /),
        mend: expect.stringMatching(/^ACL/),
      },
      { level: "error", message: expect.stringMatching(/does not know .*: get, pttl\. /), mend: byConf },
    ]);
    expect(await of(["EVALSHA"])).toMatchObject([
      { level: "error", message: expect.stringMatching(/runs no scripts/), mend: byConf },
    ]);
    expect(await of(["INFO"])).toMatchObject([
      { level: "warning", message: expect.stringMatching(/does not know INFO/), mend: byConf },
    ]);
  });

  it("are SELECT, where the connection is to another database than 0", async () => {
    expect(await found(["SELECT"], { cluster: false, db: 1 })).toMatchObject([
      { level: "error", message: expect.stringMatching(/: select\. /) },
    ]);
    expect(await found(["SELECT"], single)).toMatchObject([{ level: "ok" }]);
  });
});

it("ASKING is found to be missing, and never sent: the connection's next call would go where its slot is moving to", async () => {
  const { ask, sent } = server(["ASKING"], { dryRuns: true });
  expect(await checkRights(ask, "app", ["tollbooth:rl"], cluster)).toMatchObject([
    { level: "error", message: expect.stringMatching(/: asking\. /) },
  ]);
  const other = server(["ASKING"], { dryRuns: false });
  expect(await checkRights(other.ask, "app", ["tollbooth:rl"], cluster)).toMatchObject([
    { level: "ok", message: expect.stringMatching(/ASKING.*is not told/) },
  ]);
  expect([...sent, ...other.sent]).not.toContain("ASKING");
});
