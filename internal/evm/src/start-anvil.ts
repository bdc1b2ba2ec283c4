// Starts anvil, a local EVM chain that makes a block only when it is asked to.
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

export interface Anvil {
  readonly url: string;
  /** Resolves once the program has ended. */
  stop(): Promise<void>;
}

/**
 * The shell beside anvil waits for our end of a pipe to close, which it does however this process ends. So no chain outlives its
 * tests.
 */
const guard = `
exec 3<&0
"$0" "$@" </dev/null 3<&- &
anvil=$!
{ read -r _ <&3; kill -9 "$anvil"; } >/dev/null 2>&1 &
watch=$!
exec 3<&-
wait "$anvil"
kill "$watch" 2>/dev/null
`;

/**
 * `slotsInAnEpoch`: the block with the tag "finalized" is the newest but twice as many. The chain id is anvil's 31337. Rejects
 * with anvil's last lines where it ends before it listens.
 */
export async function startAnvil(slotsInAnEpoch: number): Promise<Anvil> {
  const args = ["--port", "0", "--no-mining", "--slots-in-an-epoch", String(slotsInAnEpoch)];
  const child = spawn("sh", ["-c", guard, program(), ...args], { stdio: ["pipe", "pipe", "ignore"] });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const lastLines: string[] = [];
  const url = await new Promise<string>((resolve, reject) => {
    child.once("error", reject);
    const lines = createInterface(child.stdout);
    lines.once("close", () => reject(new Error(`anvil ended at once:\n${lastLines.join("\n")}`)));
    lines.on("line", (line) => {
      const [, address] = /^Listening on (\S+)/.exec(line) ?? [];
      if (address !== undefined) resolve(`http://${address}`);
      lastLines.push(line);
      if (lastLines.length > 20) lastLines.shift();
    });
  });
  return {
    url,
    stop() {
      child.stdin.end();
      return ended;
    },
  };
}

/** The program is in an optional dependency of the package, for this platform. */
function program(): string {
  const ours = createRequire(import.meta.url);
  const theirs = createRequire(ours.resolve("@foundry-rs/anvil/package.json"));
  const platform = `${process.platform}-${process.arch === "x64" ? "amd64" : process.arch}`;
  return theirs.resolve(`@foundry-rs/anvil-${platform}/bin/anvil`);
}
