import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { verifyDevice } from "../../../image-builder/verify/verify-device.ts";
import { memoryDevice } from "../../../reader/block/memory.ts";
import { FORMATS } from "../../reader/formats.ts";
import { assembleImage } from "../../reader/image-fixture.ts";
import { encodeTree, Repository } from "../../reader/repository.ts";
import { faultIn } from "./damage.ts";

/** A well-formed image of whatever objects, which need not belong together. */
function imageOf(repository: Repository, ids: readonly string[], commit: string): Buffer {
  const base = join(repository.path, `made-${commit}`);
  const name = repository.git(
    ["pack-objects", "--quiet", "--delta-base-offset", base],
    `${ids.join("\n")}\n`,
  );
  const file = (extension: string) => readFileSync(`${base}-${name.toString().trim()}.${extension}`);
  return assembleImage({ commit, pack: file("pack"), idx: file("idx") });
}

for (const format of FORMATS) {
  test(`${format.name}: an image with right checksums that lacks an object is refused`, (t) => {
    using repository = new Repository(format);
    const blob = repository.write("blob", "content");
    const missing = "77".repeat(format.idLength);
    const tree = (mode: string, id: string) => repository.writeTree([{ mode, name: "a", id }]);
    const good = tree("100644", blob);
    const commit = repository.writeCommit(good);
    const noTree = repository.writeCommit(missing);
    const blobAsRoot = repository.writeCommit(blob);
    const lacking = tree("100644", missing);
    const lackingTree = tree("40000", missing);
    const treeAsFile = tree("100755", good);
    const blobAsTree = tree("40000", blob);
    const submodule = tree("160000", missing);
    const tag = repository.write(
      "tag",
      `object ${commit}\ntype commit\ntag v1\ntagger A <a> 1 +0000\n\nv1\n`,
    );
    const headless = repository.write("commit", `tree ${good}\n\nno author\n`);
    const badMode = repository.write("tree", encodeTree([{ mode: "10648", name: "a", id: blob }]));
    const slash = repository.write("tree", encodeTree([{ mode: "100644", name: "a/b", id: blob }]));
    const cut = repository.write(
      "tree",
      encodeTree([{ mode: "100644", name: "a", id: blob }]).subarray(0, format.idLength),
    );
    const twice = repository.write(
      "tree",
      encodeTree([
        { mode: "100644", name: "a", id: blob },
        { mode: "100644", name: "a", id: blob },
      ]),
    );
    const hiding = repository.writeTree([
      { mode: "100644", name: "a", id: blob },
      { mode: "100644", name: "a", id: missing },
    ]);
    const of = (root: string) => repository.writeCommit(root);
    const cases: readonly (readonly [string, readonly string[], string, string, string | undefined])[] = [
      ["nothing wrong", [commit, good, blob], commit, "none", undefined],
      ["a submodule is elsewhere", [of(submodule), submodule], of(submodule), "none", undefined],
      ["an object too many", [commit, good, blob, submodule], commit, "none", undefined],
      ["no commit", [good, blob], commit, "object-missing", commit],
      ["no root", [noTree], noTree, "object-missing", missing],
      ["no blob", [of(lacking), lacking], of(lacking), "object-missing", missing],
      ["no subtree", [of(lackingTree), lackingTree], of(lackingTree), "object-missing", missing],
      ["a tag", [tag, commit, good, blob], tag, "object-kind", tag],
      ["a blob as root", [blobAsRoot, blob], blobAsRoot, "object-kind", blob],
      ["a tree as file", [of(treeAsFile), treeAsFile, good, blob], of(treeAsFile), "object-kind", good],
      ["a blob as tree", [of(blobAsTree), blobAsTree, blob], of(blobAsTree), "object-kind", blob],
      ["no author", [headless, good, blob], headless, "none", undefined],
      ["a mode that is no number", [of(badMode), badMode, blob], of(badMode), "tree", badMode],
      ["a name with a slash", [of(slash), slash, blob], of(slash), "tree", slash],
      ["a tree cut short", [of(cut), cut, blob], of(cut), "tree", cut],
      ["a name twice", [of(twice), twice, blob], of(twice), "none", undefined],
      [
        "no blob of a name the second time",
        [of(hiding), hiding, blob],
        of(hiding),
        "object-missing",
        missing,
      ],
    ];
    for (const [what, ids, head, fault, object] of cases) {
      t.like(faultIn(imageOf(repository, ids, head)), { fault, object }, what);
    }
    const { verification } = verifyDevice(
      memoryDevice(imageOf(repository, [commit, good, blob, submodule], commit)),
    );
    t.is(verification.unreachable, 1);
  });
}

test("trees deeper than any stack are walked", (t) => {
  using repository = new Repository();
  const ids = [repository.write("blob", "the bottom")];
  for (let depth = 0; depth < 3000; depth++) {
    const mode = depth === 0 ? "100644" : "40000";
    ids.push(repository.writeTree([{ mode, name: "a", id: ids.at(-1)! }]));
  }
  const commit = repository.writeCommit(ids.at(-1)!);
  const { verification } = verifyDevice(memoryDevice(imageOf(repository, [...ids, commit], commit)));
  t.is(verification.objects.tree, 3000);
});
