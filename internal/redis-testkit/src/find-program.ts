// Where a program is that tests need: named by a variable, on the PATH, or installed now where that can be done.
import { execFile } from "node:child_process";
import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

/** How long another test run that is installing already may take. */
const INSTALL_WAIT_MS = 120_000;

export interface Wanted {
  /** The variable that names the program, e.g. TOLLBOOTH_REDIS_SERVER. */
  variable: string;
  /** What it may be called, the best first. */
  programs: readonly string[];
  /** Where else than on the PATH it may be: whole paths. */
  places?: readonly string[] | undefined;
  /** Debian's packages of it. */
  packages: readonly string[];
  /** Why it is needed: a clause that ends with "there is none". */
  need: string;
  /** How to get it: a sentence. */
  howTo: string;
}

/**
 * The path of the program. With `mayInstall`, on Debian and Ubuntu, as root, a missing one is installed with apt-get, which
 * is said on stderr. Throws how to get one where there is none.
 */
export async function findProgram(wanted: Wanted, mayInstall: boolean): Promise<string> {
  const { variable, need, howTo } = wanted;
  const named = process.env[variable];
  if (named !== undefined && named !== "") {
    if (await isProgram(named)) return named;
    throw new Error(`${variable} names no program that can be run: ${named}`);
  }
  const present = await onMachine(wanted);
  if (present !== undefined) return present;
  const refusal = mayInstall ? await install(wanted) : "it is not on the PATH";
  const installed = mayInstall ? await onMachine(wanted) : undefined;
  if (installed !== undefined) return installed;
  throw new Error(`${need}: ${refusal}. ${howTo}`);
}

async function isProgram(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

async function onMachine({ programs, places = [] }: Pick<Wanted, "programs" | "places">): Promise<string | undefined> {
  const folders = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  const paths = programs.flatMap((program) => folders.map((folder) => join(folder, program)));
  for (const path of [...paths, ...places]) if (await isProgram(path)) return path;
  return undefined;
}

/** Says why nothing was installed, or "" when apt-get did its work. */
async function install(wanted: Wanted): Promise<string> {
  const aptGet = await onMachine({ programs: ["apt-get"] });
  if (aptGet === undefined) return "it is not on the PATH";
  if (process.getuid?.() !== 0) return "it is not on the PATH, and only root could install it";
  const { programs, packages } = wanted;
  console.error(
    `No ${programs[0]} on the PATH: running apt-get update && apt-get install -y ${packages.join(" ")} ...`,
  );
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const untilMs = Date.now() + INSTALL_WAIT_MS;
  for (;;) {
    try {
      await run(aptGet, ["update"], { env });
      await run(aptGet, ["install", "-y", "--no-install-recommends", ...packages], { env, maxBuffer: 10_000_000 });
      return "";
    } catch (error) {
      // Two test runs may install at once: the second waits for apt's lock.
      if ((await onMachine(wanted)) !== undefined) return "";
      if (Date.now() > untilMs || !String(error).includes("lock")) return `apt-get failed (${String(error)})`;
      await delay(1_000);
    }
  }
}
