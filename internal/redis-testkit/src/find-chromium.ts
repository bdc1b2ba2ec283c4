// Where a Chromium for browser tests is: named by a variable, on the PATH, in its usual places, or installed now.
import { findProgram, type Wanted } from "./find-program.ts";

const chromium: Wanted = {
  variable: "TOLLBOOTH_CHROMIUM",
  programs: ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"],
  places: [
    "/usr/bin/chromium",
    "/snap/bin/chromium",
    "/opt/google/chrome/chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
  ],
  // Without its recommendations the browser comes without any font: text would have no shape and no size.
  packages: ["chromium", "fonts-liberation"],
  need: "A Chromium or Chrome is needed for the browser tests, and there is none",
  howTo:
    'Install it ("apt-get install chromium fonts-liberation", "dnf install chromium", "brew install --cask chromium"), or ' +
    "set TOLLBOOTH_CHROMIUM to the path of a Chromium or Chrome.",
};

let found: Promise<string> | undefined;

/**
 * The path of a Chromium or Chrome. On Debian and Ubuntu, as root, a missing one is installed with apt-get, which is said
 * on stderr. Throws how to get one where that cannot be done. Installed once a process at most.
 */
export function findChromium(): Promise<string> {
  found ??= findProgram(chromium, true);
  return found;
}
