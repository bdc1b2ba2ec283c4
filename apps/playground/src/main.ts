// `npm start`: the ledger, the upstream API and the paid gateways behind one front, wired by one YAML file.
import { randomBytes } from "node:crypto";
import { mkdtempSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { chainOption, integerOption, portOption, readCommand, UsageError } from "./command-line.ts";
import { dashboard } from "./dashboard/dashboard.ts";
import { exampleConfig, exampleStores } from "./example-files.ts";
import { exitCodeOf } from "./exit-code.ts";
import { startFleet } from "./fleet/start-fleet.ts";
import { hasRedisServer, privateRedis } from "./process/private-redis.ts";
import { stopRequested } from "./process/stop-requested.ts";
import { ChildFailed } from "./process/supervisor.ts";
import { instanceTrouble, readinessTrouble } from "./told-trouble.ts";

/** More processes than this show nothing more. */
const mostInstances = 16;

/** The default needs no Redis. What that means is said beside it, not as a warning. */
const inMemory = "  (a restart forgets them; --redis keeps them)";

/** Ctrl-C while it starts reaches what is being started, too; that it ends then is what was asked for. */
const start = { over: false, interrupted: false };

/** A name is one of the example's; what has a dot or a slash is a path. */
function storesPath(chosen: string): string {
  return /^[a-z-]+$/.test(chosen) ? exampleStores(chosen) : chosen;
}

function existingFile(option: string, path: string): string {
  const file = resolve(path);
  const found = statSync(file, { throwIfNoEntry: false });
  if (found === undefined) throw new UsageError(`--${option}: there is no configuration file ${file}.`);
  if (found.isDirectory()) throw new UsageError(`--${option}: ${file} is a folder; name a file.`);
  return file;
}

async function main(): Promise<number> {
  const names = ["config", "stores", "port", "logs", "instances", "connections", "chain"] as const;
  const { options, flags, help } = readCommand(process.argv.slice(2), names, ["redis"]);
  if (help !== undefined) {
    console.log(help);
    return 0;
  }
  const withRedis = flags.has("redis");
  const count = integerOption("instances", options.instances, 1, mostInstances) ?? (withRedis ? 3 : 1);
  const port = portOption(options.port);
  const mostConnections = integerOption("connections", options.connections, 1, 65_535);
  const chain = chainOption(options.chain);
  const config = existingFile("config", options.config ?? exampleConfig);
  // A configuration of the user's may hold the stores itself.
  const storesByDefault = options.config === undefined ? (withRedis ? "redis" : "memory") : undefined;
  const chosen = options.stores ?? (process.env.STORES || storesByDefault);
  const stores = chosen === undefined ? undefined : existingFile("stores", storesPath(chosen));
  const { logs } = options;
  const logDirectory = logs === undefined ? mkdtempSync(join(tmpdir(), "tollbooth-example-")) : resolve(logs);

  const stopSignal = stopRequested();
  void stopSignal.then(() => {
    start.interrupted = !start.over;
  });
  const programs = new URL("./", import.meta.url);
  const redis = withRedis ? await privateRedis() : undefined;
  const keySecret = process.env.KEY_SECRET || randomBytes(24).toString("base64url");
  const shown = dashboard({ programs, logDirectory, chain, redisFound: await hasRedisServer() });
  const instanceChanged = instanceTrouble((line) => console.error(line));
  try {
    const fleet = await startFleet({
      ...shown.hooks,
      onInstance(instance) {
        shown.hooks.onInstance?.(instance);
        instanceChanged(instance);
      },
      programs,
      logDirectory,
      chain,
      configFile: config,
      instances: count,
      port,
      mostConnections,
      env: {
        ...(redis && { REDIS_URL: redis.url, KEY_SECRET: keySecret }),
        ...(stores !== undefined && { STORES: stores }),
      },
    });
    start.over = true;
    shown.attach(fleet);
    const { url, ledger, upstream, instances } = fleet;
    // Asked first, so that the banner is followed by nothing else.
    const notReady = await Promise.race([readinessTrouble(url), stopSignal]);
    const pids = instances.list().map(({ name, pid }) => `${name} (pid ${pid})`);
    // Without the password of Redis: terminals are pasted into issues.
    console.log(`
  Gateway   ${url}  (routes and prices)
  Dashboard ${url}/#key=${shown.key}
            (in a browser; anyone with this link can press the buttons)
  Instances ${pids.join(", ")}
  Health    ${url}/healthz  ${url}/readyz
  Ledger    ${ledger.url}  (pid ${ledger.pid}; ${chain === "evm" ? "on a local EVM" : "SIMULATED"}: no real money moves)
  Upstream  ${upstream.url}  (pid ${upstream.pid})${redis ? `\n  Redis     127.0.0.1:${redis.port}  (pid ${redis.pid}; private, gone at the end)` : ""}
  Config    ${config}${stores === undefined ? "" : `\n  Stores    ${stores}${stores === exampleStores("memory") ? inMemory : ""}`}
  Logs      ${logDirectory}

  Try it:   curl -i ${url}/quote
  Pay:      npm run pay${fleet.port === 4021 ? "" : ` -- --url ${url}`}
  Stop:     Ctrl-C
`);
    if (notReady !== undefined) console.error(notReady);
    const reason = await Promise.race([stopSignal, fleet.failed]);
    if (reason !== undefined) console.error(`${reason}; stopping the others.`);
    await shown.close();
    await fleet.stop();
    return reason === undefined ? 0 : 1;
  } finally {
    await shown.close();
    await redis?.stop();
  }
}

try {
  process.exit(await main());
} catch (error) {
  if (start.interrupted) process.exit(130);
  // A child has told its own reason already.
  if (!(error instanceof ChildFailed)) console.error(error instanceof Error ? error.message : String(error));
  process.exit(exitCodeOf(error));
}
