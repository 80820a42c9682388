import type { Updates } from "../../vm/commands.ts";
import { isImageFile } from "../../vm/image/open-disk.ts";
import type { Invocation } from "../cli/arguments.ts";
import type { Command } from "../cli/command.ts";
import { environment } from "../cli/environment.ts";
import { machineOptions } from "../cli/machine-options.ts";
import { namingImage } from "../cli/naming-image.ts";
import { programInput } from "../cli/path-list.ts";
import { requireProgram } from "../cli/programs.ts";
import { imageName, sourceOptions } from "../cli/source-options.ts";
import { updateSettings } from "../serving/update-options.ts";
import { description, options, sections } from "./run-manual.ts";

/** `docteur run`: runs a program on an image, in a virtual machine or on the host. */
export const run: Command = {
  name: "run",
  summary: "run a program that reads a disk image, in a virtual machine",
  synopsis: ["[-t qemu|unix] [OPTIONS] IMAGE PROGRAM [ARGUMENTS...]"],
  description,
  operands: ["IMAGE", "PROGRAM"],
  passesRest: true,
  options,
  sections,
  async execute(invocation, context) {
    const [image, program] = invocation.operands as [string, string];
    requireProgram(invocation, program);
    const target = invocation.choice("target", ["qemu", "unix"]) ?? "qemu";
    checkServing(invocation, program, target);
    const settings = updateSettings(invocation, program);
    const name = imageName(image);
    if (settings?.followed !== undefined && !isImageFile(image)) {
      throw invocation.misuse(`--follow writes IMAGE: it must be a file, not ${name}`);
    }
    const { headerFrom, cacert, plainHttp, cacheSize } = sourceOptions(invocation, context);
    const source = { headerFrom, cacert, plainHttp, cacheSize };
    const runOptions = {
      image,
      ...source,
      program,
      env: environment(invocation, context.env),
      check: !invocation.flag("no-check"),
      tsc: invocation.text("tsc"),
      ...(await programInput(program, invocation.rest, context.stdin)),
      stdout: context.stdout,
      stderr: context.stderr,
      verbose: invocation.flag("verbose"),
      signal: context.signal,
      ...machineOptions(invocation),
      bootTimeout: invocation.integer("boot-timeout", { minimum: 1, maximum: 24 * 60 * 60 }),
      cold: invocation.flag("cold"),
      layout: invocation.choice("layout", ["frozen", "light", "fast"]),
      commit: invocation.text("commit"),
      analyze: invocation.flag("analyze"),
      publish: invocation.texts("publish"),
      replicas: invocation.integer("replicas", { minimum: 1, maximum: 64 }),
      admin: invocation.text("admin"),
      accessLog: invocation.text("access-log"),
    };
    const { parseAdminAddress, parsePortMapping, printCommand, runInVm, runOnHost } = await import(
      "../../vm/commands.ts"
    );
    try {
      for (const mapping of runOptions.publish) parsePortMapping(mapping);
      if (runOptions.admin !== undefined) parseAdminAddress(runOptions.admin);
    } catch (error) {
      throw invocation.misuse((error as Error).message);
    }
    return namingImage(name, async () => {
      if (invocation.flag("print-command")) {
        context.stdout.write(`${await printCommand(runOptions)}\n`);
        return 0;
      }
      let updates: Updates | undefined;
      if (settings !== undefined) {
        const { beginUpdates } = await import("../serving/begin-updates.ts");
        updates = await beginUpdates({ image, name, source }, settings, context);
      }
      return (target === "unix" ? runOnHost : runInVm)({ ...runOptions, updates });
    });
  },
};

/** Options that mean something only where this host accepts connections. */
const OF_PORTS = ["replicas", "admin", "access-log"];

/** Checks that the options about ports go with the program and its target. @throws {UsageError} */
function checkServing(invocation: Invocation, program: string, target: "qemu" | "unix"): void {
  const given = OF_PORTS.find((name) => invocation.has(name));
  if (given !== undefined && invocation.texts("publish").length === 0) {
    throw invocation.misuse(`--${given} needs a port: add -p 8080:80, for instance`);
  }
  if (program === "serve") {
    if (!invocation.rest.includes("--metrics") || invocation.has("admin")) return;
    const example = "docteur run --admin 9090 -p 8080:80 IMAGE serve";
    throw invocation.misuse(`serve: --metrics needs a port of the host: ${example}`);
  }
  if (invocation.has("access-log")) throw invocation.misuse("--access-log needs the program serve");
  if (given !== undefined && target === "unix") {
    throw invocation.misuse(`--${given} needs a virtual machine: with -t unix, ${program} listens itself`);
  }
}
