import fc from "fast-check";
import type { Repository } from "./repository.ts";

/** A file, link, submodule or empty folder; its path is a latin1 string of its bytes. */
export interface GeneratedEntry {
  readonly path: string;
  readonly mode: "100644" | "100755" | "120000" | "160000" | "040000";
  readonly content: Buffer;
}

const latin1 = (text: string) => Buffer.from(text).toString("latin1");

/** Names that sort badly, are no UTF-8, or hold what only a slash and NUL may not be. */
const AWKWARD = [
  "a",
  "a.txt",
  "a-b",
  "a0",
  "ab",
  "A",
  "a ",
  " ",
  "\n",
  "a\nb",
  "\x01",
  "\x7f",
  "-",
  "--",
  '"',
  "\\",
].concat([
  "\xff\xfe",
  "a\x80",
  "a\xff",
  latin1("naïve"),
  latin1("日本"),
  ".a",
  "..a",
  "...",
  ".gitx",
  "git",
  "a\tb",
  "%",
  "*",
]);

const name = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...AWKWARD) },
  fc
    .string({
      unit: fc.integer({ min: 1, max: 255 }).map((byte) => String.fromCharCode(byte === 0x2f ? 0x2e : byte)),
      minLength: 1,
      maxLength: 12,
    })
    .filter((text) => !/^\.+$/.test(text) && !/git/i.test(text)),
);

/** Texts that differ in a few lines, so that git packs most of them as deltas. */
const similar = fc
  .record({
    family: fc.nat(2),
    lines: fc.integer({ min: 1, max: 300 }),
    changed: fc.nat(300),
    word: fc.string(),
  })
  .map(({ family, lines, changed, word }) => {
    const text = Array.from({ length: lines }, (_, i) =>
      i === changed ? word : `family ${family}, line ${i}: ${(i * 7919) % 1009}`,
    );
    return Buffer.from(text.join("\n"));
  });

const content = fc.oneof(
  { weight: 6, arbitrary: similar },
  { weight: 2, arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)) },
  { weight: 1, arbitrary: fc.constant(Buffer.alloc(0)) },
  { weight: 1, arbitrary: fc.nat(70_000).map((size) => Buffer.alloc(size, "0123456789abcdef!")) },
);

const entry = fc.record({
  names: fc.array(name, { minLength: 1, maxLength: 4 }),
  mode: fc.constantFrom("100644", "100644", "100644", "100755", "120000", "160000", "040000") as fc.Arbitrary<
    GeneratedEntry["mode"]
  >,
  content,
});

/** The entries of a repository; no path is a folder to one and a file to another. */
export const generatedTree: fc.Arbitrary<GeneratedEntry[]> = fc
  .array(entry, { maxLength: 60, size: "max" })
  .map((candidates) => {
    const entries = new Map<string, GeneratedEntry>();
    const folders = new Set<string>();
    for (const { names, mode, content } of candidates) {
      const path = names.join("/");
      const above = names.map((_, i) => names.slice(0, i).join("/")).slice(1);
      if (entries.has(path) || folders.has(path) || above.some((folder) => entries.has(folder))) continue;
      for (const folder of above) folders.add(folder);
      entries.set(path, {
        path,
        mode,
        content: mode === "120000" && content.length === 0 ? Buffer.from("a") : content,
      });
    }
    return Object.assign([...entries.values()], {
      // Contents would fill screens; the seed brings them back.
      [fc.toStringMethod]: () => JSON.stringify([...entries.keys()]),
    });
  });

/** Writes the entries as a commit. @returns its id. */
export function writeGenerated(repository: Repository, entries: readonly GeneratedEntry[]): string {
  // A commit that no repository here holds.
  const submodule = "55".repeat(repository.format.idLength);
  const write = (prefix: string): string => {
    const children = new Map<string, { mode: string; name: Buffer; id: string }>();
    for (const { path, mode, content } of entries) {
      if (!path.startsWith(prefix)) continue;
      const [first = "", ...rest] = path.slice(prefix.length).split("/");
      if (children.has(first)) continue;
      const child =
        rest.length > 0
          ? { mode: "40000", id: write(`${prefix}${first}/`) }
          : mode === "040000"
            ? { mode: "40000", id: repository.writeTree([]) }
            : { mode, id: mode === "160000" ? submodule : repository.write("blob", content) };
      children.set(first, { ...child, name: Buffer.from(first, "latin1") });
    }
    const key = ({ mode, name }: { mode: string; name: Buffer }) =>
      mode === "40000" ? Buffer.concat([name, Buffer.from("/")]) : name;
    return repository.writeTree([...children.values()].sort((a, b) => Buffer.compare(key(a), key(b))));
  };
  return repository.writeCommit(write(""));
}
