import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { memoryDevice } from "../../../reader/block/memory.ts";
import { createFs, type ImageFs } from "../../../reader/fs/create-fs.ts";
import type { ObjectFormat } from "../../../reader/git/object-format.ts";
import { connect } from "../../../reader/store/connect.ts";
import { type GeneratedEntry, writeGenerated } from "../generated-tree.ts";
import { assembleImage } from "../image-fixture.ts";
import { Repository } from "../repository.ts";

/** Few names, so that generated paths often lead somewhere. */
const NAMES = ["a", "b", "c", "d.txt", "é"];

const target = fc.oneof(
  fc.constantFrom(
    "a",
    "b",
    "c",
    ".",
    "..",
    "./a",
    "a/",
    "../a",
    "a/b",
    "b/../a",
    "nope",
    "a/nope",
    "c//a",
    "../..",
  ),
  fc
    .array(fc.constantFrom(...NAMES, ".", ".."), { minLength: 1, maxLength: 3 })
    .map((names) => names.join("/")),
);

const names = fc
  .array(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 4 })
  .map((names) => names.map((name) => Buffer.from(name).toString("latin1")).join("/"));

const entry: fc.Arbitrary<GeneratedEntry> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      path: names,
      mode: fc.constant("100644" as const),
      content: fc.string().map((text) => Buffer.from(text)),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      path: names,
      mode: fc.constant("100755" as const),
      content: fc.constant(Buffer.from("#!/bin/sh\n")),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      path: names,
      mode: fc.constant("120000" as const),
      content: target.map((text) => Buffer.from(text)),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      path: names,
      mode: fc.constant("160000" as const),
      content: fc.constant(Buffer.alloc(0)),
    }),
  },
);

/** Trees of files, links to everywhere, submodules. */
export const smallTree: fc.Arbitrary<GeneratedEntry[]> = fc
  .array(entry, { maxLength: 25 })
  .map((candidates) => {
    const kept: GeneratedEntry[] = [];
    for (const one of candidates) {
      const clashes = kept.some(
        ({ path }) => path === one.path || path.startsWith(`${one.path}/`) || one.path.startsWith(`${path}/`),
      );
      if (!clashes) kept.push(one);
    }
    return kept;
  });

/** Paths as people and programs write them, and as they should not. */
export const anyPath: fc.Arbitrary<string> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .record({
        parts: fc.array(fc.constantFrom(...NAMES, ...NAMES, ".", "..", "", "nope"), {
          minLength: 1,
          maxLength: 5,
        }),
        absolute: fc.boolean(),
        trailing: fc.constantFrom("", "", "/", "//", "/."),
      })
      .map(({ parts, absolute, trailing }) => `${absolute ? "/" : ""}${parts.join("/")}${trailing}`),
  },
  { weight: 1, arbitrary: fc.constantFrom("", ".", "/", "./", "..", "//", "/.", "/..") },
);

/** The same commit as an image and as files that git wrote. */
export class Checkout implements Disposable {
  readonly image: ImageFs;
  /** The folder that git wrote; nothing else lies beside it. */
  readonly root: string;
  readonly #around: string;

  constructor(entries: readonly GeneratedEntry[], format: ObjectFormat) {
    using repository = new Repository(format);
    const commit = writeGenerated(repository, entries);
    this.image = createFs(connect(memoryDevice(assembleImage({ commit, ...repository.pack(commit) }))));
    this.#around = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), "docteur-test-")));
    this.root = join(this.#around, "root-of-the-checkout");
    fs.mkdirSync(this.root, { mode: 0o755 });
    const archive = repository.git(["-c", "tar.umask=0022", "archive", "--format=tar", commit]);
    execFileSync("tar", ["-x", "-p", "-C", this.root], { input: archive });
  }

  /** The path by which the files that git wrote are reached, from the folder itself for a relative one. */
  there(path: string): string {
    return path.startsWith("/") ? `${this.root}${path}` : path;
  }

  /**
   * Whether a path leaves the root on its way. There the two differ by intent: an image has nothing around
   * it.
   */
  leaves(path: string): boolean {
    const steps = path.split("/").reverse();
    let here = this.root;
    for (let links = 0; steps.length > 0 && links < 50; ) {
      const step = steps.pop();
      if (step === "" || step === "." || step === undefined) continue;
      if (step === "..") {
        if (here === this.root) return true;
        here = join(here, "..");
        continue;
      }
      const next = join(here, step);
      const stats = fs.lstatSync(next, { throwIfNoEntry: false });
      if (stats?.isSymbolicLink()) {
        links++;
        steps.push(...fs.readlinkSync(next).split("/").reverse());
      } else if (stats?.isDirectory()) here = next;
      else return false;
    }
    return false;
  }

  [Symbol.dispose](): void {
    fs.rmSync(this.#around, { recursive: true, force: true });
  }
}
