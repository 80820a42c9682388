import { createHash } from "node:crypto";
import { BLOCK_SIZE } from "../block-cache.ts";
import { grantOf } from "../cache/grant.ts";
import { isRecent, whenWanted } from "../cache/opening-time.ts";
import type { Openings } from "../cache/openings.ts";
import type { SourceOptions } from "../source.ts";
import type { HttpClient } from "./client.ts";
import { RangeReader, type RangeReaderOptions } from "./range-reader.ts";
import { resourceName, type Version, versionKey } from "./version.ts";

/** What is written down of an opening. */
interface Kept {
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
  readonly length: number;
  /** Who may use it without asking the server. */
  readonly grant: string;
  /** When the answer came; milliseconds since the epoch. */
  readonly at: number;
  /** Whether it does for others that want it then. */
  readonly isShared: boolean;
  /** Until when nobody needs to ask. */
  readonly unchangedUntil: number;
}

/**
 * Opens a resource together with the other processes of this user that do at the same time: one asks the
 * server, and the others take its answer, if the address is the same in full and so are the credentials. An
 * answer from before is asked for again only if it has changed. Failures are not shared.
 *
 * @throws as `RangeReader.open`.
 */
export async function openShared(
  client: HttpClient,
  options: RangeReaderOptions,
  openings: Openings,
  { cacert, deadline }: Pick<SourceOptions, "cacert" | "deadline">,
): Promise<RangeReader> {
  const { url, signal, authorization } = options;
  const name = hashOf(`http ${resourceName(url)}`);
  const headers = Object.entries(authorization?.headers() ?? {}).sort();
  const grant = grantOf([url.href, headers, cacert ?? null]);
  const wanted = whenWanted(name);
  const request: RangeReaderOptions = { ...options, onChanged: () => openings.drop(name) };
  const kept = async (): Promise<Kept | undefined> => {
    const found = parse(openings.get(name));
    // Without its first block, which other processes may have found to be wrong, it saves no request.
    const start = found && (await openings.blocks.get(versionKey(url, found), 0));
    return start === undefined ? undefined : found;
  };
  const find = async () => {
    const found = await kept();
    if (found === undefined || grant === undefined || found.grant !== grant) return undefined;
    const isUnchanged = !wanted.isAgain && found.at <= Date.now() && found.unchangedUntil > Date.now();
    const isNow = isUnchanged || (found.isShared && isRecent(found.at, wanted));
    return isNow ? RangeReader.resume(client, request, found) : undefined;
  };
  const open = async () => {
    const reader = await RangeReader.open(client, { ...request, known: await kept() });
    await keep(reader);
    return reader;
  };
  const keep = async ({ version, start, freshness }: RangeReader) => {
    const { etag, lastModified, length } = version;
    const isNamed = length !== undefined && (etag ?? lastModified) !== undefined;
    // What has come whole may be from a server without ranges: its other blocks cannot be fetched later.
    const isWhole = start.length === length && length > BLOCK_SIZE;
    if (freshness?.mayBeKept !== true || !isNamed || isWhole) return openings.drop(name);
    const now = Date.now();
    // A server that knows the version has sent none of it.
    if (start.length > 0) {
      if (start.length < Math.min(BLOCK_SIZE, length)) return;
      await openings.blocks.put(versionKey(url, version), 0, start.slice(0, BLOCK_SIZE));
    }
    openings.put(name, {
      etag,
      lastModified,
      length,
      grant: grant ?? "",
      at: now,
      isShared: freshness.mayBeShared,
      unchangedUntil: freshness.unchangedFor === 0 ? 0 : now + freshness.unchangedFor * 1000,
    } satisfies Kept);
  };
  // Who is refused must not make others wait.
  return await openings.share(hashOf(`${name} ${grant}`), { find, open, deadline, signal });
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function parse(value: unknown): (Kept & Version) | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { etag, lastModified, length, grant, at, isShared, unchangedUntil } = value as Record<
    string,
    unknown
  >;
  const isText = (each: unknown) => each === undefined || typeof each === "string";
  const isNumber = (each: unknown) => Number.isFinite(each) && Number(each) >= 0;
  const isRight =
    isText(etag) &&
    isText(lastModified) &&
    (etag ?? lastModified) !== undefined &&
    Number.isSafeInteger(length) &&
    Number(length) > 0 &&
    typeof grant === "string" &&
    isNumber(at) &&
    typeof isShared === "boolean" &&
    isNumber(unchangedUntil);
  return isRight ? (value as Kept) : undefined;
}
