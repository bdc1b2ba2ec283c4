// Why a route's key matches no request: its handler would give its goods away where the gate passes on what it does not sell.
import { METHODS } from "node:http";

/** The key is "METHOD /path", "/path" or "*", as the SDK splits it. Undefined where requests can match it. */
export function patternObjection(pattern: string): string | undefined {
  const parts = pattern.split(/\s+/);
  const [method = "", path = ""] = pattern.includes(" ") ? parts : ["*", pattern];
  if (parts.length > 2) return 'its key must be "METHOD /path" or "/path".';
  if (method !== "*" && !METHODS.includes(method.toUpperCase())) return "its key names a method that does not exist.";
  if (!/^[/*]/.test(path)) return "the path in its key must begin with a slash.";
  // The SDK takes it away from each request's path.
  return /.\/$/.test(path) ? "the path in its key must not end with a slash." : undefined;
}
