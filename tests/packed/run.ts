// Runs a program to its end; one that fails becomes an error which shows what it printed.
import { execFile } from "node:child_process";

/** Of the package manager that runs these tests, and of the test runner: nothing that a user's shell would have. */
const foreign =
  /^(npm_(package|lifecycle|config_(user_agent|prefix|local_prefix))|pnpm_|VITEST|TEST$|NODE_(ENV|OPTIONS|PATH)$)/i;

/**
 * What `command` wrote to its standard output. Rejects with all of its output when it exits with anything but 0.
 * `variables` are added to its environment.
 */
export function output(
  command: string,
  args: readonly string[],
  cwd: string,
  variables: Readonly<Record<string, string>> = {},
): Promise<string> {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name)));
  const options = {
    cwd,
    env: { ...env, ...variables, NO_COLOR: "1" },
    maxBuffer: 64 * 1024 * 1024,
    shell: process.platform === "win32",
  };
  return new Promise((resolve, reject) => {
    execFile(command, [...args], options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${command} ${args.join(" ")} failed:\n${stdout}\n${stderr}`, { cause: error }));
    });
  });
}
