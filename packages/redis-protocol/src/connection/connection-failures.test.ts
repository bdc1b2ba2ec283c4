// Why there is no connection: which option mends it, whether waiting may help, and never the text of the error itself.
import { inspect } from "node:util";
import { StoreError } from "@tollbooth-stores/core";
import { describe, expect, it } from "vitest";
import { connectionMend, hopelessConnection, isConnectionRefused } from "./connection-failures.ts";
import { LoginRefused } from "./login-refused.ts";
import { Stalled } from "./stalled.ts";

const SECRET = "hunter2";
const withCode = (code: string) => Object.assign(new Error(`${code} ${SECRET}`), { code });

const hopeless: readonly [Error, RegExp][] = [
  [new Error("WRONGPASS invalid username-password pair or user is disabled."), /`username` and `password`/],
  [new Error("ERR invalid password"), /`username` and `password`/],
  [new Error("NOAUTH Authentication required."), /set `password`/],
  [new Error("NOPERM this user has no permissions to run the 'eval' command"), /ACL must allow EVALSHA, EVAL/],
  [new Error("NOPERM this user has no permissions to access one of the keys used as arguments"), /the key prefix/],
  [new Error("NOPERM this user has no permissions to run the 'info' command or its subcommand"), /not run INFO.*ACL/],
  [new Error("NOPERM User app has no permissions to run the 'cluster|slots' command"), /not run CLUSTER SLOTS.*ACL/],
  [new Error("ERR DB index is out of range"), /`db`/],
  [new Error("ERR invalid DB index"), /`db`/],
  [new Error("ERR SELECT is not allowed in cluster mode"), /`cluster`, without `db`/],
  [withCode("ERR_TLS_CERT_ALTNAME_INVALID"), /`tls\.servername`/],
  [withCode("SELF_SIGNED_CERT_IN_CHAIN"), /`tls\.ca`/],
  [withCode("DEPTH_ZERO_SELF_SIGNED_CERT"), /`tls\.ca`/],
  [withCode("UNABLE_TO_VERIFY_LEAF_SIGNATURE"), /`tls\.ca`/],
  [withCode("CERT_HAS_EXPIRED"), /has expired.*renew/],
  [withCode("ERR_SSL_WRONG_VERSION_NUMBER"), /listens for TLS/],
  [withCode("EPROTO"), /listens for TLS/],
  [new Error('Protocol error, got "H" as reply type byte'), /not a Redis/],
  [new Error("Unknown RESP type 72 'H'"), /not a Redis/],
];

const passing: readonly [Error, RegExp][] = [
  [new Error("ERR max number of clients reached"), /maxclients/],
  [withCode("ECONNREFUSED"), /ECONNREFUSED.*`port`/],
  [withCode("ENOTFOUND"), /name is not known.*`host`/],
  [withCode("EAI_AGAIN"), /name is not known.*`host`/],
  [withCode("EHOSTUNREACH"), /does not answer/],
  [withCode("ETIMEDOUT"), /does not answer/],
  [withCode("ECONNRESET"), /closed the connection.*`tls`, or rediss:\/\//],
  [new Error("Socket closed unexpectedly"), /closed the connection/],
  [new Stalled("commands", false), /stopped answering/],
  [new Stalled("login", false), /stays silent.*rediss:\/\//],
  [new Stalled("opening", true), /TLS was not answered.*`tls`/],
  [new Stalled("opening", false), /host does not answer/],
  [new Error(`Something new about ${SECRET}`), /^Check the connection's `url`/],
];

describe("connectionMend", () => {
  it.each([...hopeless, ...passing])("names what mends %s", (error, words) => {
    expect(connectionMend(error)).toMatch(words);
    expect(connectionMend(error)).not.toContain(SECRET);
  });

  it("keeps the words of a StoreError, and has some for anything else", () => {
    expect(connectionMend(new StoreError("STORE_CONFIG", "Install it."))).toBe("Install it.");
    for (const other of [undefined, null, "text", { code: "ECONNREFUSED" }]) {
      expect(connectionMend(other)).toMatch(/^Check the connection's `url`/);
    }
  });
});

describe("isConnectionRefused", () => {
  it("is so of what must be configured, and of no failover", () => {
    const ours = (word: string | undefined) =>
      new StoreError("STORE_UNAVAILABLE", "No.", { cause: word === undefined ? undefined : new Error(`${word} no`) });
    const refused = [...hopeless.map(([error]) => error), ours("NOPERM"), ours("WRONGPASS"), ours("NOAUTH")];
    const passes = [...passing.map(([error]) => error), ours(undefined), ours("READONLY"), undefined];
    refused.push(new StoreError("STORE_CONFIG", "Install it."));
    // As a call is answered: with our own error, whose cause is a class and a code.
    refused.push(...hopeless.flatMap(([error]) => ("code" in error ? hopelessConnection(error) : undefined) ?? []));
    refused.push(new StoreError("STORE_UNAVAILABLE", "No.", { cause: new LoginRefused("The login was refused.") }));
    expect(refused.filter((error) => !isConnectionRefused(error))).toEqual([]);
    expect(passes.filter(isConnectionRefused)).toEqual([]);
  });
});

describe("hopelessConnection", () => {
  it.each(hopeless)("answers calls at once after %s, and shows none of its text", (error, words) => {
    const refusal = hopelessConnection(error);
    expect(refusal).toMatchObject({ code: "STORE_UNAVAILABLE", outcome: "not-applied" });
    expect(refusal?.message).toMatch(words);
    expect(inspect(refusal, { depth: 9 })).not.toContain(SECRET);
  });

  it.each(passing)("lets calls wait after %s", (error) => {
    expect(hopelessConnection(error)).toBeUndefined();
  });

  it("is a StoreError itself, and nothing where there is no error", () => {
    const given = new StoreError("STORE_CONFIG", "Install it.");
    expect(hopelessConnection(given)).toBe(given);
    expect(hopelessConnection(undefined)).toBeUndefined();
  });
});
