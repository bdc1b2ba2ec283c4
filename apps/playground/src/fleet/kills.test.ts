// Instances that we kill ourselves are not ill, however often it is done.
import { expect, onTestFinished, test, vi } from "vitest";
import { startInstances } from "./instances.ts";

test("an instance that is killed again and again, each time soon after it came back, is never given up", async () => {
  let pid = 100;
  const instances = await startInstances(1, {
    drainMs: 0,
    restartDelayMs: 0,
    async start(name) {
      pid += 1;
      let end: () => void = () => undefined;
      const exited = new Promise<{ code: null; signal: NodeJS.Signals }>((resolve) => {
        end = () => resolve({ code: null, signal: "SIGKILL" });
      });
      const stop = async () => end();
      return {
        name,
        pid,
        port: pid,
        url: "http://127.0.0.1",
        exited,
        stopping: new Promise(() => {}),
        stop,
        kill: end,
      };
    },
  });
  onTestFinished(() => instances.stop());
  const given = vi.fn();
  void instances.failed.then(given);
  for (let killed = 101; killed < 106; killed += 1) {
    expect(instances.kill("gateway-1")).toBe(killed);
    await vi.waitFor(() => expect(instances.list()).toMatchObject([{ state: "ready", pid: killed + 1 }]));
  }
  expect(given).not.toHaveBeenCalled();
});
