// The Compose file's balancer for real: HAProxy before two gateways, of which one leaves while requests come.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { findHaproxy } from "@tollbooth-stores/redis-testkit/servers";
import { buyer } from "@tollbooth-stores/sandbox";
import { expect, it, onTestFinished } from "vitest";
import { startComposed } from "./composed.ts";
import { folder, textOf } from "./files.ts";
import { run, startGateway } from "./running.ts";

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}

it("HAProxy takes the configuration as it is", async () => {
  const { status, output } = await run(await findHaproxy(), ["-c", "-f", join(folder, "haproxy.cfg")], folder);
  expect([status, output]).toEqual([0, expect.not.stringMatching(/\[(ALERT|WARNING)\]/)]);
});

it("a gateway that leaves is sent nothing more before it stops taking requests: no buyer sees it", async () => {
  const composed = await startComposed();
  onTestFinished(() => composed.stop());
  // The drain as it is deployed.
  const { DRAIN: _short, ...environment } = composed.environment;
  const gateways = await Promise.all([0, 1].map(() => startGateway(composed.image, environment)));
  onTestFinished(() => {
    for (const gateway of gateways) gateway.kill("SIGKILL");
  });
  const port = await freePort();
  // Docker's DNS is not here, so that the gateways are named one by one.
  const servers = gateways.map((gateway, at) => `server gateway${at} ${new URL(gateway.url).host}`).join("\n  ");
  const own = textOf("haproxy.cfg")
    .replace("bind :8080", `bind 127.0.0.1:${port}`)
    .replace(" resolvers docker init-addr none", "")
    .replace(/server-template .*/, servers);
  const directory = mkdtempSync(join(tmpdir(), "tollbooth-haproxy-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  writeFileSync(join(directory, "haproxy.cfg"), own);
  const balancer = spawn(await findHaproxy(), ["-f", join(directory, "haproxy.cfg")], { stdio: "ignore" });
  onTestFinished(() => void balancer.kill("SIGKILL"));

  const url = `http://127.0.0.1:${port}`;
  await expect
    .poll(
      () =>
        fetch(`${url}/readyz`).then(
          ({ status }) => status,
          () => 0,
        ),
      { timeout: 10_000 },
    )
    .toBe(200);
  const client = buyer(await composed.surroundings.controls.payer());
  expect((await client.pay(`${url}/quote`)).status).toBe(200);

  const [leaving] = gateways;
  let left = false;
  void leaving?.ended.then(() => {
    left = true;
  });
  leaving?.kill("SIGTERM");
  const seen: number[] = [];
  const ask = async () => {
    seen.push((await fetch(`${url}/quote`)).status);
    // Slower than the limit by address.
    await sleep(40);
  };
  while (!left) await ask();
  for (let more = 0; more < 20; more += 1) await ask();
  expect(seen.length).toBeGreaterThan(50);
  expect(seen.filter((status) => status !== 402)).toEqual([]);
  expect((await client.pay(`${url}/quote`)).status).toBe(200);
});
