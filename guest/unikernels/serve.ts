import { LARGEST_DELTA_IN_MEMORY } from "../http/delta-limits.ts";
import { signalStatus } from "../protocol/signal-status.ts";
import type { Unikernel } from "../unikernel.ts";
import { parseOptions } from "./options.ts";
import { usageError } from "./report.ts";

const USAGE = "serve [--index NAME] [--listing] [--spa] [--host NAME]...";

/**
 * `serve [--index NAME] [--listing] [--spa] [--host NAME]...`: serves HTTP at the published ports until its
 * `signal` is aborted, and writes each address to standard output once it accepts connections there.
 */
export const serve: Unikernel = async (context) => {
  const { args, console, connect, ports, signal, verbose, report } = context;
  const { options, lists, operands, unknown } = parseOptions(args, {
    flags: ["--listing", "--spa"],
    values: ["--index"],
    lists: ["--host"],
  });
  const index = options.get("--index") ?? "index.html";
  const surplus = unknown ?? operands[0] ?? (index.includes("/") || index === "" ? index : undefined);
  if (surplus !== undefined) return usageError(console, "serve", USAGE, surplus);
  if (ports.length === 0) {
    console.error("serve: no port is published; add -p, for instance: docteur run -p 8080:80 IMAGE serve\n");
    return 2;
  }
  // Imported here: node:http takes a moment to load, and other programs do not need it.
  const { serveSite } = await import("../http/service.ts");
  const { parseHostName } = await import("../http/host.ts");
  const names = lists.get("--host") ?? [];
  const malformed = names.find((name) => parseHostName(name) === undefined);
  if (malformed !== undefined) {
    return usageError(console, "serve", USAGE, `--host '${malformed}'`);
  }
  const hosts = names.length === 0 ? undefined : new Set(names.map((name) => parseHostName(name)!));
  const store = connect({ layout: "light", maxObjectSize: LARGEST_DELTA_IN_MEMORY });
  try {
    const site = { index, listing: options.has("--listing"), spa: options.has("--spa") };
    await serveSite(store, { site, hosts }, { ports, console, signal, verbose, report });
    // It ended because of the signal, so its status is that of the signal.
    return signalStatus(signal.reason) ?? 0;
  } finally {
    store.close();
  }
};
