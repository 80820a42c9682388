import type { Store } from "../../reader/store/store.ts";
import { LARGEST_DELTA_IN_MEMORY } from "../http/delta-limits.ts";
import type { RuleSources, SiteRules } from "../http/rules/site-rules.ts";
import { signalStatus } from "../protocol/signal-status.ts";
import type { Unikernel } from "../unikernel.ts";
import { parseOptions } from "./options.ts";
import { usageError } from "./report.ts";

const USAGE =
  "serve [--index NAME] [--listing] [--spa] [--clean-urls] [--cache [GLOB:]VALUE]... " +
  "[--headers FILE] [--redirects FILE] [--downloads] [--metrics] [--host NAME]...";

/**
 * `serve [OPTIONS]`: serves HTTP at the published ports until its `signal` is aborted, and writes each
 * address to standard output once it accepts connections there.
 */
export const serve: Unikernel = async (context) => {
  const { args, console, connect, ports, signal, verbose, report, health } = context;
  // `--metrics` is the host's, which counts and answers: requests for metrics are not the site's.
  const { options, lists, operands, unknown } = parseOptions(args, {
    flags: ["--listing", "--spa", "--clean-urls", "--downloads", "--metrics"],
    values: ["--index", "--headers", "--redirects"],
    lists: ["--host", "--cache"],
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
  const { parseCacheRule } = await import("../http/rules/cache-rules.ts");
  const cacheRules = (lists.get("--cache") ?? []).map((text) => ({ text, rule: parseCacheRule(text) }));
  const malformedRule = cacheRules.find(({ rule }) => rule === undefined);
  if (malformedRule !== undefined) {
    return usageError(console, "serve", USAGE, `--cache '${malformedRule.text}'`);
  }
  const store = connect({ maxObjectSize: LARGEST_DELTA_IN_MEMORY });
  try {
    const sources = {
      headers: options.get("--headers"),
      redirects: options.get("--redirects"),
      cache: cacheRules.flatMap(({ rule }) => rule ?? []),
    };
    const complain = (message: string) => console.error(`serve: ${message}\n`);
    const site = {
      index,
      listing: options.has("--listing"),
      spa: options.has("--spa"),
      cleanUrls: options.has("--clean-urls"),
      rules: await readRules(store, sources, complain),
    };
    const downloads = options.has("--downloads");
    const service = { ports, console, signal, verbose, report, health };
    await serveSite(store, { site, hosts, downloads }, service);
    // It ended because of the signal, so its status is that of the signal.
    return signalStatus(signal.reason) ?? 0;
  } finally {
    store.close();
  }
};

async function readRules(
  store: Store,
  sources: RuleSources,
  complain: (message: string) => void,
): Promise<SiteRules | undefined> {
  const { headers, redirects, cache } = sources;
  if (headers === undefined && redirects === undefined && cache.length === 0) return undefined;
  const { SiteRules } = await import("../http/rules/site-rules.ts");
  return SiteRules.read(store, sources, complain);
}
