// A watched connection: several commands in turn, and bytes that are held back.
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { deadline, establishedOn, fakeLink, pass, quiet, useTestClock } from "./fake-link.test-support.ts";
import { watchedLink } from "./watched-link.ts";

const unwatched = { answered() {}, silent() {} };

beforeEach(useTestClock);
afterEach(() => {
  vi.useRealTimers();
});

it("answers with the last command's reply, though the one before it was refused", async () => {
  const link = fakeLink();
  const reply = watchedLink(establishedOn(link), unwatched).send([["ASKING"], ["EVALSHA"]], deadline(500));
  link.answer(new Error("NOPERM this user has no permissions to run the 'asking' command"));
  link.answer("it ran");
  expect(await reply).toBe("it ran");
});

it("says what was refused where the last command was redirected for it", async () => {
  const link = fakeLink();
  const reply = quiet(watchedLink(establishedOn(link), unwatched).send([["ASKING"], ["EVALSHA"]], deadline(500)));
  link.answer(new Error("NOPERM this user has no permissions to run the 'asking' command"));
  link.answer(new Error("MOVED 1 a:1"));
  await expect(reply).rejects.toThrow("NOPERM");
});

it("drops the bytes that are held back at a call's deadline, though another call was answered meanwhile", async () => {
  const link = fakeLink();
  const watched = watchedLink(establishedOn(link), unwatched);
  quiet(watched.send([["SMALL"]], deadline(5_000)));
  link.hold(60_000);
  quiet(watched.send([["LARGE"]], deadline(500)));
  await pass(450);
  link.answer();
  expect(link.isDestroyed()).toBe(false);
  await pass(100);
  expect(link.isDestroyed()).toBe(true);
});

it("tells of two seconds of silence, though no call's deadline has passed", async () => {
  const link = fakeLink();
  const silent = vi.fn();
  const watched = watchedLink(establishedOn(link), { answered() {}, silent });
  quiet(watched.send([["GET"]], deadline(10_000)));
  await pass(1_900);
  link.answer();
  quiet(watched.send([["GET"]], deadline(10_000)));
  await pass(1_900);
  expect(silent).not.toHaveBeenCalled();
  await pass(2_200);
  expect(silent).toHaveBeenCalled();
});
