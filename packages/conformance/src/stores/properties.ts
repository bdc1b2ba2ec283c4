// Every property of the three stores together.
import { checkingProperties } from "./checking.ts";
import type { StoresProperty } from "./checks.ts";
import { faultProperties } from "./faults.ts";
import { lifecycleProperties } from "./lifecycle.ts";

export const storesProperties: readonly StoresProperty[] = [
  ...faultProperties,
  ...lifecycleProperties,
  ...checkingProperties,
];
