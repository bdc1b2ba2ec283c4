#!/usr/bin/env node
// The command `npx @tollbooth-stores/doctor`.
import { isStoreError } from "@tollbooth-stores/core";
import { type Command, readArguments, usage } from "./arguments.ts";
import { examine, openStores } from "./examine.ts";
import { hearUnreadable, unreadableText } from "./hear-unreadable.ts";
import { listPayments, resolveListed } from "./payments.ts";
import { listText, reportText } from "./report.ts";

const FINE = 0;
const ERRORS = 1;
const NO_ANSWER = 2;

/** Gives the exit status. */
async function run(command: Command): Promise<number> {
  const show = (value: unknown, text: string) =>
    write(process.stdout, command.json ? JSON.stringify(value, null, 2) : text);
  if (command.name === "examine") {
    const examination = await examine(command.options);
    await show(examination, reportText(examination, process.stdout.isTTY === true && !process.env.NO_COLOR));
    const errors = examination.findings.filter(({ level }) => level === "error");
    if (errors.length === 0) return FINE;
    return errors.every(({ check }) => check === "reachable") ? NO_ANSWER : ERRORS;
  }
  const stores = await openStores(command.options);
  try {
    // Waits for the first connection, which takes longer than a call may.
    await stores.ping();
    if (command.name === "list") {
      const { result: listed, unreadable } = await hearUnreadable(() => listPayments(stores));
      await show(listed, listText(listed, Date.now()));
      if (unreadable.length === 0) return FINE;
      await write(process.stderr, [unreadableText(unreadable.length), ...unreadable].join("\n"));
      return ERRORS;
    }
    const result = await resolveListed(stores, command.handle, command.resolution);
    await show({ result }, result);
    return result === "done" ? FINE : ERRORS;
  } finally {
    await stores.close();
  }
}

async function main(given: readonly string[]): Promise<number> {
  if (given.includes("--help") || given.includes("-h")) {
    await write(process.stdout, usage);
    return FINE;
  }
  let command: Command;
  try {
    command = readArguments(given);
  } catch (error) {
    await write(process.stderr, `${error instanceof Error ? error.message : error}\n\n${usage}`);
    return NO_ANSWER;
  }
  try {
    return await run(command);
  } catch (error) {
    // Our own errors name no secret. Any other one is a bug, and its stack helps to find it.
    const shown = isStoreError(error) ? error.message : error instanceof Error ? error.stack : error;
    await write(process.stderr, String(shown));
    return NO_ANSWER;
  }
}

/** Resolves also where the reader has gone, as that of `doctor | head -1`. */
function write(stream: NodeJS.WriteStream, text: string): Promise<void> {
  return new Promise((resolve) => void stream.write(`${text}\n`, () => resolve()));
}

for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
const status = await main(process.argv.slice(2));
// A name that is still being looked up would keep the process for as long as the system's resolver takes.
process.exit(status);
