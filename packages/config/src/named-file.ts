// A file that a configuration names: a certificate, a key. Its content may be secret, so no message holds any of it.
import { readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";

const largestBytes = 1_048_576;

/**
 * The file's text, or the problem. The problem does not name the path, because a path given by mistake may be a secret.
 */
export function readNamedFile(path: string, folder: string): { text: string } | { problem: string } {
  if (/-----BEGIN|[\n\r]/.test(path)) return { problem: "must be the path of a file, not what the file holds" };
  try {
    const absolute = resolve(folder, path);
    const found = statSync(absolute);
    // A pipe or a device might never end.
    if (!found.isFile()) return { problem: "is not a file" };
    if (found.size > largestBytes) return { problem: `is larger than ${largestBytes} bytes` };
    return { text: readFileSync(absolute, "utf8") };
  } catch (error) {
    const code = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
    if (code === "ENOENT") return { problem: "does not exist; a relative path starts at the configuration file" };
    return { problem: `cannot be read${code === undefined ? "" : ` (${code})`}` };
  }
}
