import type { Command } from "../cli/command.ts";
import { doctor } from "./doctor.ts";
import { init } from "./init.ts";
import { make } from "./make.ts";
import { run } from "./run.ts";
import { template } from "./template.ts";
import { verify } from "./verify.ts";

/** Every subcommand, in the order in which a newcomer meets them. */
export const commands: readonly Command[] = [make, verify, run, init, template, doctor];
