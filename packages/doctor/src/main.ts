#!/usr/bin/env node
// The command `npx @tollbooth-stores/doctor`.
import { isStoreError } from "@tollbooth-stores/core";
import { type Command, readArguments, usage } from "./arguments.ts";
import { examine, openStores } from "./examine.ts";
import { listPayments, resolveListed } from "./payments.ts";
import { listText, reportText } from "./report.ts";

const FINE = 0;
const ERRORS = 1;
const NO_ANSWER = 2;

/** Prints, and gives the exit status. */
async function run(command: Command): Promise<number> {
  const show = (value: unknown, text: string) => console.log(command.json ? JSON.stringify(value, null, 2) : text);
  if (command.name === "examine") {
    const examination = await examine(command.options);
    show(examination, reportText(examination, process.stdout.isTTY === true));
    const errors = examination.findings.filter(({ level }) => level === "error");
    if (errors.length === 0) return FINE;
    return errors.every(({ check }) => check === "reachable") ? NO_ANSWER : ERRORS;
  }
  const stores = await openStores(command.options);
  try {
    // Waits for the first connection, which takes longer than a call may.
    await stores.ping();
    if (command.name === "list") {
      const listed = await listPayments(stores);
      show(listed, listText(listed, Date.now()));
      return FINE;
    }
    const result = await resolveListed(stores, command.handle, command.resolution);
    show({ result }, `${command.handle}: ${result}`);
    return result === "done" ? FINE : ERRORS;
  } finally {
    await stores.close();
  }
}

async function main(given: readonly string[]): Promise<number> {
  if (given.includes("--help")) {
    console.log(usage);
    return FINE;
  }
  let command: Command;
  try {
    command = readArguments(given);
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${usage}`);
    return NO_ANSWER;
  }
  try {
    return await run(command);
  } catch (error) {
    // Our own errors name no secret. Any other one is a bug, and its stack helps to find it.
    console.error(isStoreError(error) || !(error instanceof Error) ? String(error) : error.stack);
    return NO_ANSWER;
  }
}

process.exitCode = await main(process.argv.slice(2));
