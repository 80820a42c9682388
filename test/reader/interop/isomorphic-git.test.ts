import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import git from "isomorphic-git";
import { createFs, type ImageFs } from "../../../reader/fs/create-fs.ts";
import { imageOfTree, type MadeEntry, open, whole } from "../pack-fixture.ts";
import { encodeTree, Repository } from "../repository.ts";

/** A file or a folder of the disk as objects; the last is the thing itself. */
function objectsOf(path: string): MadeEntry[] {
  if (statSync(path).isFile()) return [whole("blob", readFileSync(path))];
  const objects: MadeEntry[] = [];
  const entries = readdirSync(path, { withFileTypes: true }).map((child) => {
    const below = objectsOf(join(path, child.name));
    objects.push(...below);
    const id = (below.at(-1) as MadeEntry).id;
    const mode = child.isDirectory() ? "40000" : "100644";
    return { mode, name: child.name, id, key: child.isDirectory() ? `${child.name}/` : child.name };
  });
  entries.sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)));
  return [...objects, whole("tree", encodeTree(entries))];
}

/** An image that holds a bare repository of two commits as the folder `repo.git`. */
function repositoryInImage(): {
  fs: ImageFs;
  commits: [string, string];
  blob: string;
  loose: string;
  tree: string;
} {
  using repository = new Repository();
  const blob = repository.write("blob", "Hello from inside.\n");
  const tree = repository.writeTree([{ mode: "100644", name: "hello.txt", id: blob }]);
  const first = repository.writeCommit(tree, "First\n");
  const environment = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"];
  const second = repository
    .git([...environment, "commit-tree", tree, "-p", first, "-m", "Second"])
    .toString()
    .trim();
  repository.git(["update-ref", "refs/heads/main", second]);
  repository.git(["symbolic-ref", "HEAD", "refs/heads/main"]);
  // Some objects packed and some loose, as repositories have them.
  repository.git(["repack", "-q", "-d"]);
  const loose = repository.write("blob", "Not packed.\n");
  const objects = new Map(objectsOf(repository.path).map((object) => [object.id, object]));
  const folder = objectsOf(repository.path).at(-1) as MadeEntry;
  const root = whole("tree", encodeTree([{ mode: "40000", name: "repo.git", id: folder.id }]));
  return {
    fs: createFs(open(imageOfTree(root, [...objects.values()]))),
    commits: [second, first],
    blob,
    loose,
    tree,
  };
}

const { fs, commits, blob, loose, tree } = repositoryInImage();
const { promises: _, ...calledBack } = fs;
const interfaces = { promised: fs, "called back": calledBack as typeof fs };

for (const [name, calls] of Object.entries(interfaces)) {
  const at = { fs: calls as never, gitdir: "/repo.git" };

  test(`a repository in the image is read: ${name}`, async (t) => {
    t.is(await git.resolveRef({ ...at, ref: "HEAD" }), commits[0]);
    t.deepEqual(await git.listBranches(at), ["main"]);
    const log = await git.log({ ...at, ref: "main" });
    t.deepEqual(
      log.map(({ oid }) => oid),
      commits,
    );
    t.is(log[1]?.commit.message, "First\n");
    t.is((await git.readTree({ ...at, oid: tree })).tree[0]?.path, "hello.txt");
    const content = await git.readBlob({ ...at, oid: commits[0], filepath: "hello.txt" });
    t.is(content.oid, blob);
    t.is(Buffer.from(content.blob).toString(), "Hello from inside.\n");
    const unpacked = await git.readBlob({ ...at, oid: loose });
    t.is(Buffer.from(unpacked.blob).toString(), "Not packed.\n");
  });

  test(`a repository in the image is not written: ${name}`, async (t) => {
    await t.throwsAsync(git.writeBlob({ ...at, blob: Buffer.from("new\n") }));
    await t.throwsAsync(git.branch({ ...at, ref: "other" }));
    t.deepEqual(await git.listBranches(at), ["main"]);
  });
}
