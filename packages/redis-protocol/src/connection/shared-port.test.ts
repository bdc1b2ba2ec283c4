// One port for several stores: the last share that is closed closes it, once.
import { expect, it, vi } from "vitest";
import type { RedisPort } from "../redis-port.ts";
import { sharedPort } from "./shared-port.ts";

it("is closed with the last of its shares, and no share counts twice", async () => {
  const close = vi.fn(async () => {});
  const port: RedisPort = {
    name: "test",
    cluster: false,
    ready: async () => {},
    evalSha: async () => null,
    eval: async () => null,
    async *scan() {},
    close,
  };
  const share = sharedPort(port);
  const [one, other] = [share(), share()];
  await one.close();
  await one.close();
  expect(close).not.toHaveBeenCalled();
  await other.close();
  expect(close).toHaveBeenCalledTimes(1);
});
