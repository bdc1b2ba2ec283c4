// `npm run drill`: shows, by the logs of ledger, facilitator and upstream, what instances without shared state get wrong,
// and that shared stores get it right while instances and Redis are killed under the traffic.
import { mkdirSync, mkdtempSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { chainOption, integerOption, readCommand, UsageError } from "../command-line.ts";
import { exitCodeOf } from "../exit-code.ts";
import { stopRequested } from "../process/stop-requested.ts";
import { ChildFailed } from "../process/supervisor.ts";
import { convertAccessLog } from "./convert.ts";
import { ownRedis, usersRedis } from "./drill-redis.ts";
import { playingTime } from "./playing-time.ts";
import { type LanePlan, runDrill } from "./run-drill.ts";
import { markdownTable, textReport } from "./table.ts";
import { type DrillRequest, parseTrace, writeTrace } from "./trace.ts";
import { leastRequests, traffic } from "./traffic.ts";

const names = [
  ...["requests", "seed", "trace", "speed", "instances", "redis-url", "config", "report", "logs", "chain"],
  ...["convert", "to"],
] as const;
const flagNames = ["markdown", "sessions"] as const;

const mostRequests = 20_000;
const [leastInstances, mostInstances] = [2, 8];

const configOf = (lane: string) => fileURLToPath(new URL(`../../drill/${lane}.yaml`, import.meta.url));

/** undefined where there is nothing. */
const isFolder = (path: string) => statSync(path, { throwIfNoEntry: false })?.isDirectory();

/** Where a file is to be written at the end, which must not fail then. */
function writable(option: string, file: string): string {
  const path = resolve(file);
  if (isFolder(path)) throw new UsageError(`--${option}: ${path} is a folder; name a file.`);
  if (isFolder(dirname(path)) !== true) throw new UsageError(`--${option}: there is no folder ${dirname(path)}.`);
  return path;
}

function readText(option: string, file: string): string {
  if (isFolder(file) !== false) throw new UsageError(`--${option}: there is no file ${file}.`);
  return readFileSync(file, "utf8");
}

/** `--convert`: says on stderr what it could not read. */
function convert(file: string, to: string | undefined, sessions: boolean): void {
  const { events, skipped, firstSkipped } = convertAccessLog(readText("convert", file), { sessions });
  if (skipped > 0) {
    const more = skipped > firstSkipped.length ? ", ..." : "";
    console.error(`${skipped} line(s) are no requests in the combined log format: ${firstSkipped.join(", ")}${more}`);
  }
  if (events.length === 0) throw new UsageError("--convert: the log has no requests in the combined log format.");
  const text = writeTrace(events);
  if (to === undefined) process.stdout.write(text);
  else writeFileSync(writable("to", to), text);
  console.error(`${events.length} request(s) converted.`);
}

/** The shared lanes: those of the drill, or a configuration of the user's own. */
function sharedLanes(config: string | undefined): LanePlan[] {
  if (config === undefined)
    return ["redis", "ioredis"].map((name) => ({ name, configFile: configOf(name), shared: true }));
  const configFile = resolve(config);
  if (isFolder(configFile) !== false) throw new UsageError(`--config: there is no file ${configFile}.`);
  const name = basename(configFile)
    .replace(/\.\w+$/, "")
    .replace(/[^\w-]/g, "-")
    .slice(0, 12);
  return [{ name: name === "memory" ? "config" : name, configFile, shared: true }];
}

async function main(): Promise<number> {
  const { options, flags, help } = readCommand(process.argv.slice(2), names, flagNames);
  if (help !== undefined) {
    console.log(help);
    return 0;
  }
  if (options.convert !== undefined) {
    convert(options.convert, options.to, flags.has("sessions"));
    return 0;
  }
  if (options.to !== undefined || flags.has("sessions")) throw new UsageError("--to and --sessions go with --convert.");
  const seed = integerOption("seed", options.seed, 0, 4_294_967_295) ?? 1;
  const wanted = integerOption("requests", options.requests, leastRequests, mostRequests);
  const instances = integerOption("instances", options.instances, leastInstances, mostInstances) ?? 2;
  const speed = integerOption("speed", options.speed, 1, 1_000) ?? 1;
  const chain = chainOption(options.chain);
  const { trace } = options;
  if (trace !== undefined && (wanted ?? options.seed) !== undefined)
    throw new UsageError("--requests and --seed are for the drill's own traffic; leave them out with --trace.");
  if (trace === undefined && options.speed !== undefined)
    throw new UsageError("--speed is for traces; give one with --trace, or leave it out.");
  const requests: DrillRequest[] =
    trace === undefined ? traffic({ seed, requests: wanted }) : parseTrace(readText("trace", trace), basename(trace));
  const lanes = [{ name: "memory", configFile: configOf("memory"), shared: false }, ...sharedLanes(options.config)];

  const reportTo = options.report === undefined ? undefined : writable("report", options.report);
  const logs = options.logs === undefined ? undefined : resolve(options.logs);
  if (logs !== undefined) mkdirSync(logs, { recursive: true });
  const logDirectory = logs ?? mkdtempSync(join(tmpdir(), "tollbooth-drill-"));
  const stop = new AbortController();
  const interrupted = new Error("Stopped.");
  void stopRequested().then(() => stop.abort(interrupted));
  const url = options["redis-url"];
  const redis = url === undefined ? await ownRedis() : await usersRedis(url);
  const say = (line: string) => console.error(`  ${line}`);
  try {
    say(`${requests.length} requests; Redis: ${redis.where}; logs: ${logDirectory}`);
    const playsMs = (requests.at(-1)?.at ?? 0) / speed;
    say(`plays ${playingTime(playsMs)} of traffic on each of ${lanes.length} lanes, one after the other`);
    const report = await runDrill({
      programs: new URL("../", import.meta.url),
      lanes,
      chain,
      instances,
      requests,
      source: trace === undefined ? `seed ${seed}` : basename(trace),
      ownTraffic: trace === undefined,
      speed,
      redis,
      logDirectory,
      signal: stop.signal,
      say,
    });
    const reportFile = reportTo ?? join(logDirectory, "report.json");
    writeFileSync(reportFile, `${JSON.stringify(report, undefined, 2)}\n`);
    const color = process.stdout.isTTY === true && (process.env.NO_COLOR ?? "") === "";
    console.log(flags.has("markdown") ? markdownTable(report) : `\n${textReport(report, { color })}`);
    say(`report: ${reportFile}`);
    return report.ok ? 0 : 1;
  } catch (error) {
    // Ctrl-C while a lane starts reaches what is being started, too; that it ends then is what was asked for.
    if (error !== interrupted && !(stop.signal.aborted && error instanceof ChildFailed)) throw error;
    console.error("Stopped.");
    return 130;
  } finally {
    const removed = await redis.close();
    if (url !== undefined) say(`${removed} key(s) of the drill were removed from the Redis.`);
  }
}

try {
  process.exit(await main());
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exit(exitCodeOf(error));
}
