import { resolve } from "node:path";
import { maskUrls, userInfoOf } from "../../image-builder/source/secret.ts";
import { printable } from "../../reader/printable.ts";

/** Shorter parts of a password stay: they would mask too much else. */
const SHORTEST_PART = 3;
const SHORTEST_QUERY = 8;

/** What stands before the last `@` of an argument, unless it is a user alone, as in git@host:path. */
function passwordOf(argument: string): string | undefined {
  const [, address] = /^(?:--?[\w-]+=)?(.*)$/s.exec(argument) as unknown as [string, string];
  return /:.*@/s.test(address) ? userInfoOf(address) : undefined;
}

/** The query of a URL: it may be a signature, which is as good as a password. */
function queryOf(argument: string): string | undefined {
  return /^https?:\/\/[^?#]*\?([^#]+)/i.exec(argument)?.[1];
}

/** Whether a command line has what may be a password in it. */
export function hasPassword(args: readonly string[]): boolean {
  return args.some((argument) => passwordOf(argument) !== undefined || queryOf(argument) !== undefined);
}

/**
 * Returns a function that masks, in a text for people, every URL's user and password, and those that stand in
 * the arguments of this command, whatever they were meant for: a mistyped command line puts a REPOSITORY
 * where another thing is expected, and a message may have that as a path, or the folders of that path.
 */
export function redaction(args: readonly string[]): (text: string) => string {
  const given = args.map(passwordOf).filter((secret) => secret !== undefined);
  const written = given.flatMap((secret) => [
    secret,
    JSON.stringify(secret).slice(1, -1),
    secret.replace(/\s+/g, " "),
    printable(secret),
  ]);
  const resolved = args
    .map((argument) => passwordOf(resolve(argument)))
    .filter((secret) => secret !== undefined);
  const parts = given.flatMap((secret) => secret.split("/")).filter((part) => part.length >= SHORTEST_PART);
  const secrets = [...written, ...resolved, ...parts].sort((a, b) => b.length - a.length);
  const mask = masked(secrets);
  // What is left of a query in which one of these stands.
  const queries = args
    .map(queryOf)
    .filter((query) => query !== undefined)
    .map(mask)
    .filter((query) => query.length >= SHORTEST_QUERY);
  const maskQueries = masked(queries);
  return (text) => maskUrls(maskQueries(mask(text)));
}

function masked(secrets: readonly string[]): (text: string) => string {
  return (text) => secrets.reduce((before, secret) => before.replaceAll(secret, "***"), text);
}
