import assert from "node:assert/strict";
import fs from "node:fs";
import { promisify } from "node:util";
import test from "ava";
import fc from "fast-check";
import type { ImageFs } from "../../../reader/fs/create-fs.ts";
import { anyFormat } from "../formats.ts";
import { anyPath, Checkout, smallTree } from "../store/checkout.ts";

/** What a call comes to: a value, or which call failed and why. */
function outcome(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return failure(error);
  }
}

async function settled(work: () => Promise<unknown>): Promise<unknown> {
  try {
    return await work();
  } catch (error) {
    return failure(error);
  }
}

/**
 * The whole message too, but for the path: it differs where it is absolute, and not every form of node's read
 * has it.
 */
function failure(error: unknown) {
  const { code, errno, syscall, path, message } = error as NodeJS.ErrnoException;
  const said =
    path === undefined ? message : message.replace(` '${path}'`, syscall === "read" ? "" : " PATH");
  return { code, errno, syscall, message: said };
}

/** Sizes of folders, times and owners are the disk's own affair. */
function status(stats: fs.Stats | fs.BigIntStats | undefined) {
  if (stats === undefined) return undefined;
  return {
    mode: Number(stats.mode),
    size: stats.isDirectory() ? 0 : Number(stats.size),
    is: [stats.isFile(), stats.isDirectory(), stats.isSymbolicLink(), stats.isFIFO(), stats.isSocket()],
    never: [stats.isBlockDevice(), stats.isCharacterDevice()],
  };
}

const entries = (list: fs.Dirent[]) =>
  list
    .map((one) => [one.name, one.isFile(), one.isDirectory(), one.isSymbolicLink(), one.isFIFO()].join())
    .sort();

/** Every reading call. `inside` makes of a real path one from the root. */
const CALLS: Record<string, (on: ImageFs, path: string, inside: (real: string) => string) => unknown> = {
  stat: (on, path) => status(on.statSync(path)),
  statBigint: (on, path) => status(on.statSync(path, { bigint: true })),
  statOrUndefined: (on, path) => status(on.statSync(path, { throwIfNoEntry: false })),
  lstat: (on, path) => status(on.lstatSync(path)),
  exists: (on, path) => on.existsSync(path),
  access: (on, path) => on.accessSync(path),
  accessRead: (on, path) => on.accessSync(path, fs.constants.R_OK),
  accessExecute: (on, path) => on.accessSync(path, fs.constants.R_OK | fs.constants.X_OK),
  readlink: (on, path) => on.readlinkSync(path),
  readlinkBuffer: (on, path) => on.readlinkSync(path, "buffer"),
  realpath: (on, path, inside) => inside(on.realpathSync.native(path)),
  readFile: (on, path) => on.readFileSync(path),
  readFileText: (on, path) => on.readFileSync(path, { encoding: "latin1", flag: "rs" }),
  readdir: (on, path) => on.readdirSync(path).sort(),
  readdirBuffer: (on, path) => on.readdirSync(path, "buffer").map(String).sort(),
  readdirTypes: (on, path) => entries(on.readdirSync(path, { withFileTypes: true })),
  readdirParents: (on, path) =>
    on.readdirSync(path, { withFileTypes: true }).every(({ parentPath }) => parentPath === path),
  openDirectory: (on, path) => on.closeSync(on.openSync(path, fs.constants.O_DIRECTORY)),
  openNoFollow: (on, path) => on.closeSync(on.openSync(path, fs.constants.O_NOFOLLOW)),
  open: (on, path) => {
    const fd = on.openSync(path, "r");
    try {
      const buffer = Buffer.alloc(20);
      const read = outcome(() => on.readSync(fd, buffer, 2, 10, 1));
      const rest = outcome(() => on.readFileSync(fd));
      return [status(on.fstatSync(fd)), read, buffer, rest];
    } finally {
      on.closeSync(fd);
    }
  },
};

test("every reading call comes to what node:fs comes to on a checkout", (t) => {
  const property = fc.property(
    smallTree,
    fc.array(anyPath, { minLength: 20, maxLength: 60 }),
    anyFormat,
    (tree, paths, format) => {
      using checkout = new Checkout(tree, format);
      const { image, root } = checkout;
      const back = process.cwd();
      process.chdir(root);
      try {
        for (const path of paths) {
          if (checkout.leaves(path)) continue;
          for (const [name, call] of Object.entries(CALLS)) {
            const ours = outcome(() => call(image, path, (real) => real));
            const there = checkout.there(path);
            const nodes = outcome(() => call(fs, there, (real) => real.slice(root.length) || "/"));
            assert.deepEqual(ours, nodes, `${name} ${JSON.stringify(path)}`);
          }
        }
      } finally {
        process.chdir(back);
      }
    },
  );
  t.notThrows(() => fc.assert(property, { numRuns: 60, includeErrorInReport: true }));
});

test("opening to write is refused, and for node's reason where node refuses", (t) => {
  const property = fc.property(
    smallTree,
    fc.array(anyPath, { maxLength: 20 }),
    anyFormat,
    (tree, paths, format) => {
      using checkout = new Checkout(tree, format);
      const back = process.cwd();
      process.chdir(checkout.root);
      try {
        for (const path of paths) {
          // Linux checks for a slash at the end before it checks what the path names.
          if (checkout.leaves(path) || path.endsWith("/")) continue;
          for (const flags of ["r+", "wx", "ax+"]) {
            const there = checkout.there(path);
            const nodes = outcome(() => fs.closeSync(fs.openSync(there, flags)));
            if (nodes === undefined && flags !== "r+") fs.unlinkSync(there);
            const code = nodes === undefined ? "EROFS" : (nodes as { code: string }).code;
            assert.throws(
              () => checkout.image.openSync(path, flags),
              { code, syscall: "open", path },
              `${flags} ${path}`,
            );
          }
        }
      } finally {
        process.chdir(back);
      }
    },
  );
  t.notThrows(() => fc.assert(property, { numRuns: 30, includeErrorInReport: true }));
});

const PROMISED: Record<string, (on: Pick<ImageFs, "promises">, path: string) => Promise<unknown>> = {
  stat: async ({ promises }, path) => status(await promises.stat(path)),
  lstat: async ({ promises }, path) => status(await promises.lstat(path)),
  access: ({ promises }, path) => promises.access(path),
  readlink: ({ promises }, path) => promises.readlink(path),
  readFile: ({ promises }, path) => promises.readFile(path, "utf8"),
  readdir: async ({ promises }, path) => (await promises.readdir(path)).sort(),
  readdirTypes: async ({ promises }, path) => entries(await promises.readdir(path, { withFileTypes: true })),
  opendir: async ({ promises }, path) => {
    const names: string[] = [];
    for await (const { name } of await promises.opendir(path)) names.push(name);
    return names.sort();
  },
  open: async ({ promises }, path) => {
    await using handle = await promises.open(path);
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(5), 1, 3);
    return [status(await handle.stat()), bytesRead, buffer, await handle.readFile("utf8")];
  },
};

const CALLED_BACK: Record<string, (on: ImageFs, path: string) => Promise<unknown>> = {
  stat: async (on, path) => status(await promisify(on.stat)(path)),
  lstat: async (on, path) => status(await promisify(on.lstat)(path)),
  access: (on, path) => promisify(on.access)(path),
  exists: (on, path) => promisify(on.exists)(path),
  readlink: (on, path) => promisify(on.readlink)(path),
  readFile: (on, path) => promisify(on.readFile)(path),
  readdir: async (on, path) => (await promisify(on.readdir)(path)).sort(),
  open: async (on, path) => {
    const fd = await promisify(on.open)(path, "r");
    try {
      const read = await settled(() => promisify(on.read)(fd, Buffer.alloc(5), 1, 3, 0));
      return [status(await promisify(on.fstat)(fd)), read];
    } finally {
      await promisify(on.close)(fd);
    }
  },
};

test("the calls that promise and that call back come to the same", async (t) => {
  const property = fc.asyncProperty(
    smallTree,
    fc.array(anyPath, { maxLength: 20 }),
    anyFormat,
    async (tree, paths, format) => {
      using checkout = new Checkout(tree, format);
      for (const path of paths.map((one) => `/${one}`)) {
        if (checkout.leaves(path)) continue;
        for (const [name, call] of [...Object.entries(PROMISED), ...Object.entries(CALLED_BACK)]) {
          const ours = await settled(() => call(checkout.image, path));
          const nodes = await settled(() => call(fs, checkout.there(path)));
          assert.deepEqual(ours, nodes, `${name} ${JSON.stringify(path)}`);
        }
      }
    },
  );
  await t.notThrowsAsync(fc.assert(property, { numRuns: 30, includeErrorInReport: true }));
});
