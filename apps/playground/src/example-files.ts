// Where the configurations are that come with the example.
import { createRequire } from "node:module";

const { resolve } = createRequire(import.meta.url);

/** E.g. "memory". */
export function exampleConfig(name: string): string {
  return resolve(`@tollbooth-stores/example/config/${name}.yaml`);
}
