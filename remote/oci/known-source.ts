import type { OciAddress } from "../address.ts";
import type { Notes } from "../cache/notes.ts";
import { LateSource } from "../late-source.ts";
import type { Source, SourceOptions } from "../source.ts";
import { isDigest } from "./digest.ts";
import { parseJson } from "./json.ts";
import type { KnownLayer } from "./open.ts";

/**
 * As `openOciSource`; of an address with a digest that has been opened before, the registry is asked only once
 * there is something to read: a digest means the same bytes for ever.
 * @throws as `openOciSource`; `read` throws that, too.
 */
export async function openKnownOciSource(
  address: OciAddress,
  options: SourceOptions,
  notes: Notes,
): Promise<Source> {
  const { reference, display } = address;
  // Loaded when it is needed: HTTP takes a moment.
  const load = () => import("./open.ts");
  if (!isDigest(reference)) return await (await load()).openOciSource(address, options);
  const name = `oci:${reference}`;
  return await notes.openInTurn(
    name,
    (note) => {
      const layer = parse(note);
      if (layer === undefined) return undefined;
      return new LateSource(
        { display, key: layer.digest, size: layer.size },
        async () => (await load()).openKnownLayer(address, layer, options),
        () => notes.drop(name),
      );
    },
    async () => {
      const source = await (await load()).openOciSource(address, options);
      const { layer, offset, size } = source;
      const known = { digest: layer.digest, layerSize: layer.size, offset, size };
      return { source, note: JSON.stringify(known satisfies KnownLayer) };
    },
    options.signal,
  );
}

function parse(note: string): KnownLayer | undefined {
  const { digest, layerSize, offset, size } = parseJson(note) ?? {};
  const isKnown = isDigest(digest) && [layerSize, offset, size].every((each) => Number.isSafeInteger(each));
  return isKnown ? ({ digest, layerSize, offset, size } as KnownLayer) : undefined;
}
