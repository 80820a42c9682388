import { resolve } from "node:path";
import { DocteurError } from "../../reader/errors.ts";
import { printable } from "../../reader/printable.ts";
import { ENGINES } from "../../vm/export/engine.ts";
import type { PortMapping } from "../../vm/front/address.ts";
import type { Invocation } from "../cli/arguments.ts";
import type { Command } from "../cli/command.ts";
import { environment } from "../cli/environment.ts";
import { machineOptions } from "../cli/machine-options.ts";
import { namingImage } from "../cli/naming-image.ts";
import { requireProgram } from "../cli/programs.ts";
import { imageName, sourceOptions } from "../cli/source-options.ts";
import { description, options, sections } from "./export-manual.ts";

const PORT = { minimum: 1, maximum: 65535 } as const;

/** `docteur export`: hands a program and an image to an engine that people run already. */
export const exportCommand: Command = {
  name: "export",
  summary: "write a machine for libvirt, systemd, KubeVirt and others",
  synopsis: ["--for ENGINE -o FOLDER [OPTIONS]\n     IMAGE PROGRAM [ARGUMENTS...]"],
  description,
  operands: ["IMAGE", "PROGRAM"],
  passesRest: true,
  options,
  sections,
  async execute(invocation, context) {
    const [image, program] = invocation.operands as [string, string];
    requireProgram(invocation, program);
    // Not among the commands' own: a run would load what only an export needs.
    const { exportMachine } = await import("../../vm/export/export.ts");
    const { parsePortMapping } = await import("../../vm/front/address.ts");
    const engine = invocation.choice("for", ENGINES);
    if (engine === undefined)
      throw invocation.misuse(`--for ENGINE is missing: one of ${ENGINES.join(", ")}`);
    const given = invocation.text("output");
    if (given === undefined || given === "")
      throw invocation.misuse("-o FOLDER is missing: where the export goes");
    // A path may follow PROGRAM, whose arguments are its own.
    const folder = resolve(given);
    const publish = invocation.texts("publish");
    try {
      checkEngine(invocation, { engine, program, publish: publish.map(parsePortMapping) });
    } catch (error) {
      if (!(error instanceof DocteurError) || error.code !== "PUBLISH_MALFORMED") throw error;
      throw invocation.misuse(error.message);
    }
    const { cacert, plainHttp, cacheSize } = sourceOptions(invocation, context);
    return namingImage(imageName(image), async () => {
      const note = (line: string) => void context.stderr.write(`docteur: ${printable(line)}\n`);
      await exportMachine({
        engine,
        folder,
        image,
        program,
        args: invocation.rest,
        env: environment(invocation, context.env),
        cacert,
        plainHttp,
        cacheSize,
        ...machineOptions(invocation),
        check: !invocation.flag("no-check"),
        tsc: invocation.text("tsc"),
        layout: invocation.choice("layout", ["frozen", "light", "fast"]),
        commit: invocation.text("commit"),
        publish,
        healthPort: invocation.integer("health", PORT),
        machineType: invocation.choice("machine", ["q35", "microvm"]),
        registry: invocation.text("registry"),
        name: invocation.text("name"),
        at: invocation.text("at"),
        parts: invocation.text("parts"),
        note,
        signal: context.signal,
      });
      note(`${given}: README.md has the commands`);
      return 0;
    });
  },
};

/** `REGISTRY/NAME[:TAG]` (distribution specification, "Pulling manifests"). */
const REGISTRY = /^[a-z0-9.-]+(?::\d+)?(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)+(?::[\w][\w.-]{0,127})?$/;

/** Checks that the options go with the engine. @throws {UsageError} */
function checkEngine(
  invocation: Invocation,
  { engine, program, publish }: { engine: string; program: string; publish: readonly PortMapping[] },
): void {
  const only = (option: string, engines: readonly string[]) => {
    if (!invocation.has(option) || engines.includes(engine)) return;
    throw invocation.misuse(`--${option} is for ${engines.join(", ")}, not for ${engine}`);
  };
  only("machine", ["libvirt"]);
  only("registry", ["kubevirt"]);
  only("parts", ["script", "systemd", "libvirt", "kubevirt", "nomad"]);
  only("at", ["systemd", "libvirt", "nomad"]);
  const at = invocation.text("at");
  if (at !== undefined && !/^\/[^\n]*$/.test(at))
    throw invocation.misuse(`--at takes an absolute path, not '${at}'`);
  const registry = invocation.text("registry");
  if (engine === "kubevirt" && (registry === undefined || !REGISTRY.test(registry))) {
    throw invocation.misuse(
      "--for kubevirt needs --registry REGISTRY/NAME[:TAG], where the container image of the machine will be",
    );
  }
  if (program === "serve") {
    const health = invocation.text("health");
    if (publish.some(({ guestPort }) => String(guestPort) !== health)) return;
    throw invocation.misuse("serve needs a port: add -p 8080:80, for instance");
  }
  if (invocation.has("health")) throw invocation.misuse("--health needs the program serve");
}
