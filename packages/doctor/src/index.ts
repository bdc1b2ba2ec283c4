// Is this Redis safe for payments? The doctor as a function; `npx @tollbooth-stores/doctor` is the same as a command.
export { type Examination, examine, type ExamineOptions } from "./examine.ts";
export type { Examined } from "@tollbooth-stores/config";
