// What sentinels say of a primary: which answer is the newest, and words for one that is none or knows no such name.
import { describe, expect, it } from "vitest";
import type { RedisLink } from "./redis-link.ts";
import { askSentinel, newest, type SentinelAnswer } from "./sentinel-answers.ts";

const at = (host: string, epoch: number, leads = false): SentinelAnswer => ({
  primary: { host, port: 1 },
  epoch,
  leads,
});

describe("newest", () => {
  it("is undefined without an answer", () => {
    expect(newest([])).toBeUndefined();
  });

  it("is of the highest epoch, wherever it stands and however many disagree", () => {
    const [stale, staler, present] = [at("stale", 4), at("staler", 3), at("present", 5)];
    for (const answers of [
      [stale, staler, present],
      [present, stale, staler],
      [staler, present, stale],
    ]) {
      expect(newest(answers)).toBe(present);
    }
  });

  it("is that of the sentinel that leads a failover, among those of one epoch", () => {
    const leader = at("next", 4, true);
    expect(newest([at("former", 4), leader, at("former", 4)])).toBe(leader);
    expect(newest([leader, at("former", 4)])).toBe(leader);
  });

  it("is of a higher epoch rather than of one that leads a failover of before", () => {
    const present = at("present", 5);
    expect(newest([at("former", 4, true), present])).toBe(present);
  });

  it("is the first among equals", () => {
    const first = at("first", 1);
    expect(newest([first, at("second", 1)])).toBe(first);
  });
});

describe("askSentinel", () => {
  const answering = (replies: Readonly<Record<string, unknown>>): Pick<RedisLink, "send"> => ({
    async send([, question = ""]) {
      const reply = replies[question];
      if (reply instanceof Error) throw reply;
      return reply;
    },
  });
  const ask = (replies: Readonly<Record<string, unknown>>) => {
    const link: RedisLink = {
      opened: Promise.resolve(),
      ended: new Promise(() => {}),
      unsent: () => 0,
      subscribe: async () => {},
      destroy() {},
      ...answering(replies),
    };
    return askSentinel(link, "mymaster");
  };
  const address = ["10.0.0.1", "6379"];
  const primary = { host: "10.0.0.1", port: 6_379 };

  it("reads the address, the epoch and whether a failover is led", async () => {
    const fields = ["name", "mymaster", "flags", "master,failover_in_progress", "config-epoch", "7"];
    const answer = await ask({ "GET-MASTER-ADDR-BY-NAME": address, MASTER: fields });
    expect(answer).toEqual({ primary, epoch: 7, leads: true });
  });

  it("goes without the epoch where the details are refused or say nothing", async () => {
    for (const details of [new Error("NOPERM"), null, ["name", "mymaster"]]) {
      const answer = await ask({ "GET-MASTER-ADDR-BY-NAME": address, MASTER: details });
      expect(answer).toEqual({ primary, epoch: 0, leads: false });
    }
  });

  it.each([
    [null, /no primary by this name.*`sentinel\.name`/],
    [new Error("ERR unknown command 'SENTINEL', with args beginning with:"), /`sentinel\.nodes` names is no Sentinel/],
    [new Error("NOAUTH Authentication required."), /refused the login.*`sentinel\.password`/],
    [new Error("WRONGPASS invalid username-password pair"), /refused the login.*`sentinel\.password`/],
  ])("says what %s means", async (reply, words) => {
    await expect(ask({ "GET-MASTER-ADDR-BY-NAME": reply, MASTER: [] })).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      message: expect.stringMatching(words),
    });
  });
});
