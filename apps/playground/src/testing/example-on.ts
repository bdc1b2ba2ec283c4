// The example's configuration with one of its stores' files, as one document.
import { readFileSync } from "node:fs";
import { exampleConfig, exampleStores } from "../example-files.ts";

/** `stores`: e.g. "memory". */
export function exampleOn(stores: string): string {
  return [exampleConfig, exampleStores(stores)].map((file) => readFileSync(file, "utf8")).join("\n");
}
