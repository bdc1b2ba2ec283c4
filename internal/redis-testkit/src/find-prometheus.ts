// Where Prometheus and its promtool are: named by variables, on the PATH, or installed now where that can be done.
import { findProgram, type Wanted } from "./find-program.ts";

const howTo = 'Install it ("apt-get install prometheus", "brew install prometheus"), or set';

const prometheus: Wanted = {
  variable: "TOLLBOOTH_PROMETHEUS",
  programs: ["prometheus"],
  packages: ["prometheus"],
  need: "A Prometheus is needed for the tests of metrics, and there is none",
  howTo: `${howTo} TOLLBOOTH_PROMETHEUS to its path. It need not be running.`,
};

const promtool: Wanted = {
  variable: "TOLLBOOTH_PROMTOOL",
  programs: ["promtool"],
  packages: ["prometheus"],
  need: "Prometheus's promtool is needed for the tests of alert rules, and there is none",
  howTo: `${howTo} TOLLBOOTH_PROMTOOL to the path of promtool.`,
};

/**
 * The path of `prometheus`. On Debian and Ubuntu, as root, a missing one is installed with apt-get, which is said on
 * stderr. Throws how to get one where that cannot be done.
 */
export const findPrometheus = (): Promise<string> => findProgram(prometheus, true);

/** The path of `promtool`, with the same rules. */
export const findPromtool = (): Promise<string> => findProgram(promtool, true);
