// Where the configurations are that come with the example.
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const { resolve } = createRequire(import.meta.url);

/** Everything but the stores. */
export const exampleConfig: string = resolve("@tollbooth-stores/example/config/gateway.yaml");

/** The file of the stores that the example has under this name, e.g. "memory". It may not exist. */
export function exampleStores(name: string): string {
  return join(dirname(exampleConfig), "stores", `${name}.yaml`);
}
