import { SourceError } from "../../reader/source-error.ts";
import { decodeTarHeader, encodeTarHeader, padded, TAR_BLOCK, type TarHeader } from "./tar-header.ts";

/** The user and group that QEMU runs as in KubeVirt, which reads the disk of a containerDisk. */
const QEMU_USER = 107;

/** Where KubeVirt looks for a disk in a container image: the one file in this folder. */
const FOLDER = "disk";

/** Entries of an archive that are looked at. */
const MOST_ENTRIES = 32;

/** Bytes of an extended header. */
const MOST_EXTENDED = 64 * 1024;

/** Bytes of what `layerHead` gives. */
export const HEAD_SIZE: number = 2 * TAR_BLOCK;

/** What stands before the image in the layer of an artifact. */
export function layerHead(imageSize: number): Uint8Array {
  return Buffer.concat([
    encodeTarHeader({ name: `${FOLDER}/`, size: 0, type: "5", owner: QEMU_USER }),
    encodeTarHeader({ name: `${FOLDER}/disk.img`, size: imageSize, type: "0", owner: QEMU_USER }),
  ]);
}

/** What stands behind it: padding, and the end of the archive. */
export function layerTail(imageSize: number): Uint8Array {
  return Buffer.alloc(padded(imageSize) - imageSize + 2 * TAR_BLOCK);
}

/** Where an image lies in a layer, in bytes. */
export interface ImagePlace {
  readonly offset: number;
  readonly size: number;
}

/**
 * Finds the disk in an uncompressed layer: the first file in its folder `disk`.
 *
 * @param read reads bytes of the layer. @param layerSize bytes of the layer.
 * @throws {SourceError} `SOURCE_UNSUPPORTED`: the layer is of another form; what `read` throws.
 */
export async function findImage(
  read: (offset: number, length: number) => Promise<Uint8Array>,
  layerSize: number,
  display: string,
): Promise<ImagePlace> {
  const refuse = (what: string) =>
    new SourceError("SOURCE_UNSUPPORTED", `${display}: its layer has no disk that can be read: ${what}`);
  let extended: Extended = {};
  let at = 0;
  for (let entries = 0; entries < MOST_ENTRIES && at + TAR_BLOCK <= layerSize; entries++) {
    const header = decode(await read(at, TAR_BLOCK), refuse);
    if (header === undefined) break;
    const offset = at + TAR_BLOCK;
    const isExtended = header.type === "x";
    const { name, size } = isExtended ? header : { ...header, ...extended };
    if (offset + size > layerSize) throw refuse("an entry is longer than the layer");
    if (header.type === "S" || extended.isSparse) throw refuse("it is stored as a sparse file");
    if (/^[07]$/.test(header.type) && name.startsWith(`${FOLDER}/`)) return { offset, size };
    if (isExtended && size > MOST_EXTENDED) throw refuse("an extended header is too long");
    extended = isExtended ? parseExtended(await read(offset, size)) : {};
    at = offset + padded(size);
  }
  throw refuse(`there is no file in /${FOLDER}`);
}

function decode(block: Uint8Array, refuse: (what: string) => SourceError): TarHeader | undefined {
  try {
    return decodeTarHeader(block);
  } catch (error) {
    if (error instanceof RangeError) throw refuse(error.message);
    throw error;
  }
}

/** What an extended header says of the next entry, in place of its own header. */
interface Extended {
  name?: string;
  size?: number;
  isSparse?: boolean;
}

/** Records `LENGTH KEY=VALUE\n` (POSIX.1-2001, pax). What is malformed ends them. */
function parseExtended(bytes: Uint8Array): Extended {
  const found: Extended = {};
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at < buffer.length; ) {
    const [whole, digits] = /^(\d{1,6}) /.exec(buffer.toString("latin1", at, at + 8)) ?? [];
    const length = Number(digits);
    if (whole === undefined || length <= whole.length || at + length > buffer.length) break;
    const record = buffer.toString("utf8", at + whole.length, at + length - 1);
    const equals = record.indexOf("=");
    const [key, value] = [record.slice(0, equals), record.slice(equals + 1)];
    if (key === "path") found.name = value.replace(/^(?:\.?\/)+/, "");
    if (key === "size" && /^\d{1,15}$/.test(value)) found.size = Number(value);
    if (key.startsWith("GNU.sparse.")) found.isSparse = true;
    at += length;
  }
  return found;
}
