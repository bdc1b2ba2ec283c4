// Asks a person on a terminal.
import { createInterface } from "node:readline";

/** A question, and where it is asked and answered. */
export interface Question {
  input: NodeJS.ReadableStream;
  output: NodeJS.WritableStream;
  text: string;
}

/** True for "y" or "yes" in any letter case. Any other line is a no, and so is the end of the input. */
export async function confirmed({ input, output, text }: Question): Promise<boolean> {
  output.write(text);
  // Not raw: Ctrl-C ends the process, as it does everywhere else.
  const lines = createInterface({ input, terminal: false });
  for await (const line of lines) return /^\s*y(es)?\s*$/i.test(line);
  return false;
}
