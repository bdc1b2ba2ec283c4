// A command in one line, shortened to be read, whole to be copied.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { shortened } from "../format.ts";

const words = { ready: "Copy", copied: "Copied", failed: "Not allowed" };

export function Curl({ command }: { command: string }): JSX.Element {
  const [state, setState] = useState<keyof typeof words>("ready");
  const copy = async () => {
    const copied = navigator.clipboard.writeText(command).then(
      () => true,
      () => false,
    );
    setState((await copied) ? "copied" : "failed");
    setTimeout(() => setState("ready"), 2_000);
  };
  const shown = shortened(command);
  return (
    <div class="curl">
      <code>{shown}</code>
      <button type="button" class="copy" aria-label={`${words[state]}: ${shown}`} onClick={() => void copy()}>
        {words[state]}
      </button>
    </div>
  );
}
