// `npm start`: the simulated ledger, the upstream API and the paid gateway, each a process, wired by one YAML file.
import { existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { portOption, readOptions, UsageError } from "./command-line.ts";
import { ChildFailed } from "./process/supervisor.ts";
import { startSystem } from "./start-system.ts";

const defaultConfig = fileURLToPath(new URL("../config/memory.yaml", import.meta.url));

async function main(): Promise<void> {
  const { config, port, logs } = readOptions(process.argv.slice(2), ["config", "port", "logs"]);
  const configFile = resolve(config ?? defaultConfig);
  if (!existsSync(configFile)) throw new UsageError(`There is no configuration file ${configFile}.`);
  const logDirectory = logs === undefined ? mkdtempSync(join(tmpdir(), "tollbooth-example-")) : resolve(logs);

  // Ctrl-C arrives twice under npm (from the terminal and passed on); one orderly stop serves both.
  let stopRequested: () => void = () => undefined;
  const stopSignal = new Promise<void>((done) => {
    stopRequested = done;
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => stopRequested());

  const starting = startSystem({
    programs: new URL("./", import.meta.url),
    logDirectory,
    configFile,
    port: portOption(port),
  });
  const system = await starting;
  const { ledger, upstream, gateway } = system;
  console.log(`
  Gateway   ${gateway.url}  (pid ${gateway.pid}; routes and prices: GET /)
  Health    ${gateway.url}/healthz  ${gateway.url}/readyz
  Ledger    ${ledger.url}  (pid ${ledger.pid}; SIMULATED: no real money moves)
  Upstream  ${upstream.url}  (pid ${upstream.pid})
  Config    ${configFile}
  Logs      ${logDirectory}

  Try it:   curl -i ${gateway.url}/quote
  Pay:      npm run pay${gateway.port === 4021 ? "" : ` -- --url ${gateway.url}`}
  Stop:     Ctrl-C
`);

  const ended = [ledger, upstream, gateway].map(async (child) => {
    await child.exited;
    return child.name;
  });
  const died = await Promise.race([stopSignal, ...ended]);
  if (died !== undefined) console.error(`${died} ended by itself; stopping the others.`);
  await system.stop();
  process.exit(died === undefined ? 0 : 1);
}

try {
  await main();
} catch (error) {
  // A child has told its own reason already.
  if (!(error instanceof ChildFailed)) console.error(error instanceof Error ? error.message : String(error));
  process.exit(error instanceof UsageError ? 2 : error instanceof ChildFailed ? (error.exitCode ?? 1) : 1);
}
