// That anvil keeps its chain where it is told to, and ends with the process that started it, however that ends.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type RpcClient, rpcClient } from "./rpc-client.ts";
import { type AnvilOptions, startAnvil } from "./start-anvil.ts";

/** The `test` task depends on `build`. */
const built = fileURLToPath(new URL("../dist/index.js", import.meta.url));
const account = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tollbooth-anvil-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** In a process of its own, which does nothing else until it is killed. */
async function startElsewhere(options: AnvilOptions) {
  const program = `
    import { startAnvil } from ${JSON.stringify(built)};
    console.log((await startAnvil(${JSON.stringify(options)})).url);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [url] = await once(child.stdout.setEncoding("utf8"), "data");
  return { node: rpcClient(String(url).trim()), child };
}

/** Those of this machine that have not ended. */
const processes = () =>
  execFileSync("ps", ["-eo", "pid=,pgid=,stat=,args="], { encoding: "utf8" })
    .split("\n")
    .flatMap((line) => {
      const [, pid, group, args = ""] = /^ *(\d+) +(\d+) +[^Z]\S* +(.*)/.exec(line) ?? [];
      return pid === undefined ? [] : [{ pid: Number(pid), group: Number(group), args }];
    });
function anvilOn(file: string): { pid: number; group: number } {
  const found = processes().find(
    ({ args }) => args.includes(file) && args.includes("anvil") && !args.startsWith("sh "),
  );
  if (found === undefined) throw new Error("It does not run.");
  return found;
}
const processesIn = (group: number) => processes().filter((each) => each.group === group);

const countOf = (node: RpcClient) => node.request({ method: "eth_getTransactionCount", params: [account, "latest"] });
async function send(node: RpcClient): Promise<unknown> {
  const call = { from: account, to: account, value: "0x1" };
  return node.request({ method: "eth_sendTransaction", params: [call] });
}
const blockOf = async (node: RpcClient, tag: string): Promise<{ number: number; timestamp: number }> => {
  const block = Object(await node.request({ method: "eth_getBlockByNumber", params: [tag, false] }));
  return { number: Number(block.number), timestamp: Number(block.timestamp) };
};

it("makes a block for each transaction at once, of one second all the same, and time goes on without any", async () => {
  const anvil = await startAnvil({ finalityBlocks: 2, chainId: 84_532, mining: "each-transaction" });
  const node = rpcClient(anvil.url);
  expect(await node.request({ method: "eth_chainId" })).toBe("0x14a34");
  for (let sent = 1; sent <= 20; sent += 1) {
    await send(node);
    await expect.poll(() => countOf(node), { interval: 2, timeout: 10_000 }).toBe(`0x${sent.toString(16)}`);
  }
  const { number, timestamp } = await blockOf(node, "latest");
  expect(number).toBeGreaterThanOrEqual(20);
  expect(timestamp).toBeLessThanOrEqual(Date.now() / 1_000);
  expect((await blockOf(node, "finalized")).number).toBeGreaterThanOrEqual(number - 2);
  await expect
    .poll(async () => (await blockOf(node, "finalized")).timestamp, { timeout: 10_000 })
    .toBeGreaterThan(timestamp);
  await anvil.stop();
  await expect(countOf(node)).rejects.toThrow("fetch failed");
});

it.each(["a stop", "kill -9 of its process"])("goes on after %s from the file that it left", async (what) => {
  const options: AnvilOptions = {
    finalityBlocks: 0,
    mining: "each-transaction",
    stateFile: join(folder, `${what}.json`),
  };
  const here = what === "a stop" ? await startAnvil(options) : undefined;
  const elsewhere = here === undefined ? await startElsewhere(options) : undefined;
  const node = elsewhere?.node ?? rpcClient(here?.url ?? "");
  await send(node);
  await expect.poll(() => countOf(node), { timeout: 10_000 }).toBe("0x1");
  elsewhere?.child.kill("SIGKILL");
  await here?.stop();
  await expect.poll(() => countOf(node).catch(String), { timeout: 10_000 }).toContain("fetch failed");
  const again = await startAnvil(options);
  expect(await countOf(rpcClient(again.url))).toBe("0x1");
  const { group } = anvilOn(`${what}.json`);
  await again.stop();
  // What waits to kill it has ended, too.
  await expect.poll(() => processesIn(group)).toEqual([]);
});

it("ends also where anvil does not heed its signal, and leaves no process", async () => {
  const stateFile = join(folder, "stopped.json");
  const anvil = await startAnvil({ finalityBlocks: 0, stateFile, killAfterMs: 500 });
  const { pid, group } = anvilOn(stateFile);
  // A stopped process gets SIGTERM when it goes on.
  process.kill(pid, "SIGSTOP");
  const began = performance.now();
  await anvil.stop();
  expect(performance.now() - began).toBeGreaterThan(450);
  await expect.poll(() => processesIn(group)).toEqual([]);
});

it("says what anvil said where it does not start", async () => {
  await expect(startAnvil({ finalityBlocks: 0, chainId: -1 })).rejects.toThrow(
    "anvil ended at once:\nerror: unexpected argument '-1' found",
  );
});
