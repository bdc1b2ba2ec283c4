// A command in one line, shortened to be read, whole to be copied.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { shortened } from "../format.ts";

export function Curl({ command }: { command: string }): JSX.Element {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(command);
    setCopied(true);
    setTimeout(() => setCopied(false), 2_000);
  };
  const shown = shortened(command);
  return (
    <div class="curl">
      <code>{shown}</code>
      <button type="button" class="copy" aria-label={`Copy: ${shown}`} onClick={() => void copy()}>
        {copied ? "Copied" : "Copy"}
      </button>
    </div>
  );
}
