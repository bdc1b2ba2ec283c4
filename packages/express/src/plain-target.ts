// Paths that a file server reads otherwise than a router: it resolves dots, and takes an encoded slash for one.
import { type Answer, type PaidGate, problem, type RequestContext } from "@tollbooth-stores/http";

/**
 * The refusal of a path whose handler could give away, or give for another price, what the gate sells. `isPassed`: the gate does not sell
 * it as it is. Undefined for any other path.
 */
export function refuseDisguised(gate: PaidGate, context: RequestContext, isPassed: boolean): Answer | undefined {
  const decoded = [context.path, context.decodedPath ?? context.path].map(asFile);
  const hasDots = decoded.some((path) => path.split("/").some((segment) => segment === "." || segment === ".."));
  const isSold = (path: string) => gate.sells?.({ ...context, path, decodedPath: path }) === true;
  return hasDots || (isPassed && decoded.some(isSold)) ? ambiguous() : undefined;
}

function asFile(path: string): string {
  try {
    return decodeURIComponent(path).replaceAll("\\", "/");
  } catch {
    return path.replaceAll("\\", "/");
  }
}

const ambiguous = () =>
  problem(
    404,
    "ambiguous_path",
    "The path has dots or encoded slashes that could lead to what is sold. Spell it without them.",
  );
