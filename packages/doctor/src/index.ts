// Is this Redis safe for payments? The doctor as a function; `npx @tollbooth-stores/doctor` is the same as a command.
export { type Examination, examine } from "./examine.ts";
export type { ExamineOptions } from "./examine-options.ts";
export type { Examined } from "@tollbooth-stores/config";
