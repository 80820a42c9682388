/** How files begin that are often taken for an image, in Latin-1. */
const BEGINNINGS: readonly (readonly [RegExp, string])[] = [
  [/^(?:\xef\xbb\xbf)?\s*<(?:!doctype\s+html|html|head|body)/i, "a web page; check its address"],
  [/^(?:\xef\xbb\xbf)?\s*<\?xml/i, "an XML file; check its address"],
  [/^version https:\/\/git-lfs/, "a pointer of Git LFS; fetch the file with git lfs pull"],
  [/^# v\d git bundle/, "a git bundle; make an image of it with docteur make"],
  [/^PACK\0\0\0/, "a pack of Git; make an image of its repository with docteur make"],
  [/^\x1f\x8b/, "compressed with gzip; decompress it first"],
  [/^\x28\xb5\x2f\xfd/, "compressed with zstd; decompress it first"],
  [/^\xfd7zXZ\0/, "compressed with xz; decompress it first"],
  [/^PK\x03\x04/, "a zip file; unpack it first"],
  [/^QFI\xfb/, "a qcow2 disk; convert it with qemu-img convert -O raw"],
  [/^(?:\xef\xbb\xbf)?[\t\n\r\x20-\x7e]+$/, "text, with no header of an image"],
];

/** Bytes that are examined. */
const EXAMINED = 64;

/**
 * What a file is, by its first bytes, that has no header of an image, for messages; undefined if that is not
 * clear.
 */
export function foreignFile(bytes: Uint8Array): string | undefined {
  const start = String.fromCharCode(...bytes.subarray(0, EXAMINED));
  return BEGINNINGS.find(([beginning]) => beginning.test(start))?.[1];
}
