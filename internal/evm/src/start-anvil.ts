// Starts anvil, a local EVM chain. It cannot outlive this process.
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

export interface AnvilOptions {
  /** The block with the tag "finalized" is the newest but so many. Even; 0 or more. */
  readonly finalityBlocks: number;
  /** Default: anvil's 31337. */
  readonly chainId?: number | undefined;
  /**
   * "each-transaction": a block for each transaction at once, and an empty one each second. Blocks of one second have the same
   * timestamp. "on-request", the default: no block but by `evm_mine` and its kin.
   */
  readonly mining?: "each-transaction" | "on-request" | undefined;
  /** The chain goes on from this file where it exists, and is written to it when anvil ends, also where this process was killed. */
  readonly stateFile?: string | undefined;
  /** How long anvil may take to write its chain when it is stopped, in milliseconds: then it is killed. Default 30,000. */
  readonly killAfterMs?: number | undefined;
}

const KILL_AFTER_MS = 30_000;

export interface Anvil {
  readonly url: string;
  /** Resolves once the program has ended, however it did. */
  readonly ended: Promise<void>;
  /** Resolves once the program has ended, its chain written; or killed, where that took longer than `killAfterMs`. */
  stop(): Promise<void>;
}

/**
 * The shell beside anvil waits for our end of a pipe to close, which it does however this process ends. So no chain outlives its
 * tests. $1 is the signal that ends anvil, $2 the seconds after which it is killed. The last line ends that wait, too: it is for
 * the group.
 */
const guard = `
signal=$1; seconds=$2; shift 2
exec 3<&0
"$@" </dev/null 2>&1 3<&- &
anvil=$!
{ read -r _ <&3; kill -s "$signal" "$anvil"; sleep "$seconds"; kill -s KILL "$anvil"; } >/dev/null 2>&1 &
exec 3<&-
wait "$anvil"
trap "" TERM
kill -s TERM 0
`;

/** Blocks come for as long as it runs: it keeps the states of the newest 128 only, as nodes do that are no archives. */
const timeGoesOn = ["--mixed-mining", "--block-time", "1", "--prune-history", "128"];

/** Rejects with anvil's last lines where it ends before it listens, and where there is no anvil for this platform. */
export async function startAnvil(options: AnvilOptions): Promise<Anvil> {
  const { finalityBlocks, chainId, mining, stateFile, killAfterMs = KILL_AFTER_MS } = options;
  const args = [
    ...["--port", "0", "--slots-in-an-epoch", String(finalityBlocks / 2)],
    ...(mining === "each-transaction" ? timeGoesOn : ["--no-mining"]),
    ...(chainId === undefined ? [] : ["--chain-id", String(chainId)]),
    ...(stateFile === undefined ? [] : ["--state", stateFile]),
  ];
  // By TERM it writes its chain first. There is no hurry with a chain that is kept, and nothing to lose of another.
  const signal = stateFile === undefined ? "KILL" : "TERM";
  // A group of its own: Ctrl-C in the terminal reaches us, and we end it when nothing needs it any more.
  const child = spawn("sh", ["-c", guard, "sh", signal, String(killAfterMs / 1_000), program(), ...args], {
    stdio: ["pipe", "pipe", "ignore"],
    detached: true,
  });
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
    ended,
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
  try {
    return theirs.resolve(`@foundry-rs/anvil-${platform}/bin/anvil`);
  } catch (error) {
    throw new Error(`npm has installed no anvil for ${platform}.`, { cause: error });
  }
}
