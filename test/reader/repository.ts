import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateSync } from "node:zlib";
import type { ObjectKind } from "../../reader/git/object.ts";
import type { ObjectFormat } from "../../reader/git/object-format.ts";
import { SHA1 } from "../../reader/node-platform.ts";

/** How git is to pack. */
export interface PackShape {
  /** OFS_DELTA rather than REF_DELTA. */
  readonly offsetDeltas?: boolean;
  readonly window?: number;
  readonly depth?: number;
  /** zlib's level, 0 to 9. */
  readonly compression?: number;
}

/** A PACK and the IDX that git wrote for it. */
export interface PackAndIdx {
  readonly pack: Buffer;
  readonly idx: Buffer;
  /** Path of the IDX, for `git verify-pack`. */
  readonly idxPath: string;
}

const ENVIRONMENT = {
  PATH: process.env.PATH,
  HOME: "/nonexistent",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
  LC_ALL: "C",
};

/** A bare repository in a temporary folder, written to object by object. */
export class Repository implements Disposable {
  readonly path: string = mkdtempSync(join(tmpdir(), "docteur-test-"));
  readonly format: ObjectFormat;
  #packs = 0;

  constructor(format: ObjectFormat = SHA1) {
    this.format = format;
    this.git(["init", "--quiet", "--bare", `--object-format=${format.name}`, "."]);
  }

  /** Runs git. @returns its standard output. @throws if it fails. */
  git(args: readonly string[], input: Uint8Array | string = ""): Buffer {
    return this.gitWith({}, args, input);
  }

  /** Runs git with more in its environment. */
  gitWith(more: Record<string, string>, args: readonly string[], input: Uint8Array | string = ""): Buffer {
    const { stdout } = this.#run(args, input, more, true);
    return stdout;
  }

  /** Runs git, which may fail. @returns its standard error. */
  complaints(args: readonly string[]): string {
    return this.#run(args, "", {}, false).stderr.toString();
  }

  #run(args: readonly string[], input: Uint8Array | string, more: Record<string, string>, must: boolean) {
    const env = { ...ENVIRONMENT, ...more };
    const result = spawnSync("git", args, { cwd: this.path, env, input, maxBuffer: 1 << 30 });
    if (result.error !== undefined) throw result.error;
    if (must && result.status !== 0) throw new Error(`git ${args.join(" ")}: ${result.stderr}`);
    return result;
  }

  /** Writes a loose object, well-formed or not. @returns its id. */
  write(kind: ObjectKind, content: Uint8Array | string): string {
    const bytes = Buffer.from(content);
    const stored = Buffer.concat([Buffer.from(`${kind} ${bytes.length}\0`), bytes]);
    const id = createHash(this.format.name).update(stored).digest("hex");
    const folder = join(this.path, "objects", id.slice(0, 2));
    const file = join(folder, id.slice(2));
    if (existsSync(file)) return id;
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, deflateSync(stored, { level: 1 }));
    return id;
  }

  /** Writes a tree of entries in the order given. @returns its id. */
  writeTree(entries: readonly { mode: string; name: Uint8Array | string; id: string }[]): string {
    return this.write("tree", encodeTree(entries));
  }

  /** Writes a commit of a tree. @returns its id. */
  writeCommit(tree: string, message = "A test\n"): string {
    const who = "Ada Lovelace <ada@example.com> 1602316800 +0200";
    return this.write("commit", `tree ${tree}\nauthor ${who}\ncommitter ${who}\n\n${message}`);
  }

  /** Packs what a commit reaches. */
  pack(commit: string, shape: PackShape = {}): PackAndIdx {
    const { offsetDeltas = true, window = 10, depth = 50, compression = 6 } = shape;
    const base = join(this.path, `packed-${this.#packs++}`);
    const options = ["--revs", "--quiet", "--no-reuse-delta", "--no-reuse-object", "--threads=1"];
    if (offsetDeltas) options.push("--delta-base-offset");
    options.push(`--window=${window}`, `--depth=${depth}`, `--compression=${compression}`);
    const name = this.git(["pack-objects", ...options, base], `${commit}\n`)
      .toString()
      .trim();
    const idxPath = `${base}-${name}.idx`;
    return { pack: readFileSync(`${base}-${name}.pack`), idx: readFileSync(idxPath), idxPath };
  }

  /** The contents of objects, as `git cat-file --batch` gives them. */
  contents(ids: readonly string[]): Map<string, Buffer> {
    const output = this.git(["cat-file", "--batch", "--buffer"], `${ids.join("\n")}\n`);
    const contents = new Map<string, Buffer>();
    for (let at = 0; at < output.length; ) {
      const lineEnd = output.indexOf(0x0a, at);
      const [id = "", , size = ""] = output.toString("latin1", at, lineEnd).split(" ");
      const start = lineEnd + 1;
      contents.set(id, output.subarray(start, start + Number(size)));
      at = start + Number(size) + 1;
    }
    return contents;
  }

  /** What `git ls-tree` lists, names and paths as latin1 strings of their bytes. */
  list(treeish: string, ...options: string[]): { mode: string; kind: string; id: string; path: string }[] {
    const records = this.git(["ls-tree", "-z", ...options, treeish])
      .toString("latin1")
      .split("\0");
    return records.slice(0, -1).map((record) => {
      const tab = record.indexOf("\t");
      const [mode = "", kind = "", id = ""] = record.slice(0, tab).split(" ");
      return { mode, kind, id, path: record.slice(tab + 1) };
    });
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** The content of a tree, entries in the order given; a mode and a name may be anything. */
export function encodeTree(
  entries: readonly { mode: string; name: Uint8Array | string; id: string }[],
): Buffer {
  return Buffer.concat(
    entries.flatMap(({ mode, name, id }) => [
      Buffer.from(`${mode} `),
      Buffer.from(name),
      Buffer.of(0),
      Buffer.from(id, "hex"),
    ]),
  );
}
