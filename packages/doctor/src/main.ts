#!/usr/bin/env node
// The command `npx @tollbooth-stores/doctor`.
import { isStoreError } from "@tollbooth-stores/core";
import { type Command, readArguments, usage } from "./arguments.ts";
import { examinationStatus } from "./examination-status.ts";
import { examine } from "./examine.ts";
import { FINE, NO_ANSWER, type Outcome } from "./outcome.ts";
import { askOnTerminal, list, resolve } from "./payment-commands.ts";
import { reportText } from "./report.ts";

async function run(command: Command): Promise<Outcome> {
  if (command.name === "list") return list(command);
  if (command.name === "resolve") {
    const show = async (text: string) => (command.json ? undefined : write(process.stdout, text));
    return resolve(command, { show, ask: askOnTerminal(command) });
  }
  const examination = await examine(command.options);
  const text = reportText(examination, { colour: process.stdout.isTTY === true && !process.env.NO_COLOR });
  return { status: examinationStatus(examination.findings, command.failOn), json: examination, text };
}

async function outcomeOf(given: readonly string[]): Promise<Outcome> {
  if (given.includes("--help") || given.includes("-h")) return { status: FINE, json: { usage }, text: usage };
  let command: Command;
  try {
    command = readArguments(given);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { status: NO_ANSWER, error: { code: "USAGE", message }, help: `\n${usage}` };
  }
  try {
    return await run(command);
  } catch (error) {
    // Our own errors name no secret. Any other one is a bug, and its stack helps to find it.
    if (isStoreError(error)) return { status: NO_ANSWER, error: { code: error.code, message: error.message } };
    const trace = error instanceof Error ? error.stack : undefined;
    const message = "This is a bug of the doctor's.";
    return { status: NO_ANSWER, error: { code: "OTHER", message }, trace: trace ?? String(error) };
  }
}

/** As JSON, all of it is one document on standard output. As text, an error goes to standard error. */
async function print({ error, json = {}, text, help, trace }: Outcome, { asJson }: { asJson: boolean }): Promise<void> {
  const document = error === undefined ? json : { error, ...json };
  const out = asJson ? JSON.stringify(document, null, 2) : text;
  const said = asJson ? [trace] : [error?.message, help, trace];
  const err = said.filter((each) => each !== undefined).join("\n");
  if (out !== undefined) await write(process.stdout, out);
  if (err !== "") await write(process.stderr, err);
}

/** Resolves also where the reader has gone, as that of `doctor | head -1`. */
function write(stream: NodeJS.WriteStream, text: string): Promise<void> {
  return new Promise((resolve) => void stream.write(`${text}\n`, () => resolve()));
}

for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
const given = process.argv.slice(2);
const outcome = await outcomeOf(given);
await print(outcome, { asJson: given.includes("--json") });
// A name that is still being looked up would keep the process for as long as the system's resolver takes.
process.exit(outcome.status);
