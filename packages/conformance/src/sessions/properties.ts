// Every property of a session store, by the themes of the published list.
import type { SessionProperty } from "./checks.ts";
import { issuedIdProperties } from "./issued-ids.ts";
import { lifetimeProperties } from "./lifetime.ts";
import { payingProperties } from "./paying.ts";
import { scaleProperties } from "./scale.ts";
import { sequenceProperties } from "./sequences.ts";
import { subjectProperties } from "./subjects.ts";
import { valueProperties } from "./values.ts";
import { writingProperties } from "./writing.ts";

export const sessionProperties: readonly SessionProperty[] = [
  ...writingProperties,
  ...issuedIdProperties,
  ...lifetimeProperties,
  ...payingProperties,
  ...subjectProperties,
  ...valueProperties,
  ...scaleProperties,
  ...sequenceProperties,
];
