import { encodeTree } from "../../reader/repository.ts";
import type { Random } from "../random.ts";
import { MIB, type Named, type Parts, type UpTo } from "./parts.ts";

/** The content of a folder of many files, all the same one. */
function manyEntries(
  count: number,
  id: string,
  name = (i: number) => `e${String(i).padStart(7, "0")}`,
): Buffer {
  const raw = Buffer.from(id, "hex");
  return Buffer.concat(
    Array.from({ length: count }, (_, i) => [Buffer.from(`100644 ${name(i)}\0`), raw]).flat(),
  );
}

/** Few trees that name any number of paths. */
export function sharedTrees(parts: Parts, upTo: UpTo): Buffer {
  const leaf = parts.whole("blob", "leaf");
  const fan = 1 + upTo(300);
  let below = parts.whole("tree", encodeTree([{ mode: "100644", name: "f", id: leaf.id }]));
  const entries = [leaf, below];
  for (let depth = upTo(60); depth > 0; depth--) {
    const names = Array.from({ length: fan }, (_, i) => `${String(i).padStart(3, "0")}`);
    below = parts.whole("tree", encodeTree(names.map((name) => ({ mode: "40000", name, id: below.id }))));
    entries.push(below);
  }
  return parts.imageOfRoot(entries.pop()!, entries);
}

/** Folders of many entries, below one another, which paths and links lead through again and again. */
export function hugeFolders(parts: Parts, upTo: UpTo, random: Random): Buffer {
  const leaf = parts.whole("blob", "leaf");
  const count = upTo(60_000);
  // Out of order, all of them have to be put in order each time.
  const disorder = (i: number) => `e${(i * 7919) % count}`;
  const many = manyEntries(count, leaf.id, random.once(3) ? disorder : undefined);
  const target = parts.whole(
    "blob",
    random
      .pick(["a/../", "a/a/../../", "./"])
      .repeat(1 + upTo(600))
      .slice(0, 4090),
  );
  let below = parts.whole("tree", encodeTree([{ mode: "100644", name: "f", id: leaf.id }]));
  const entries = [leaf, target, below];
  for (let depth = upTo(12); depth > 0; depth--) {
    const head = encodeTree([
      { mode: "40000", name: "a", id: below.id },
      { mode: "120000", name: "b", id: target.id },
    ]);
    below = parts.whole("tree", Buffer.concat([head, many]));
    entries.push(below);
  }
  return parts.imageOfRoot(entries.pop()!, entries);
}

export function deepTrees(parts: Parts, upTo: UpTo, random: Random): Buffer {
  const leaf = parts.whole("blob", "leaf");
  const name = "a".repeat(upTo(300));
  let below = parts.whole("tree", encodeTree([{ mode: "100644", name: "f", id: leaf.id }]));
  const entries = [leaf, below];
  for (let depth = upTo(4000); depth > 0; depth--) {
    const files = random.once(10) ? [{ mode: "100644", name: "f", id: leaf.id }] : [];
    below = parts.whole(
      "tree",
      encodeTree(
        [{ mode: "40000", name, id: below.id }, ...files].sort((x, y) => (x.name < y.name ? -1 : 1)),
      ),
    );
    entries.push(below);
  }
  return parts.imageOfRoot(entries.pop()!, entries);
}

/** Links of many steps that lead to links. */
export function longLinks(parts: Parts, upTo: UpTo, random: Random): Buffer {
  const leaf = parts.whole("blob", "leaf");
  const entries = [leaf];
  const folder = parts.whole("tree", encodeTree([{ mode: "100644", name: "f", id: leaf.id }]));
  entries.push(folder);
  const root: Named[] = [{ mode: "40000", name: "d", id: folder.id }];
  for (let i = 0; i < 45; i++) {
    const step = random.pick(["d/../", "./", "d/./../", "/d/../", "d//../"]);
    const target = parts.whole(
      "blob",
      `${step.repeat(upTo(900)).slice(0, 4000)}/l${String(i + 1).padStart(2, "0")}`,
    );
    entries.push(target);
    root.push({ mode: "120000", name: `l${String(i).padStart(2, "0")}`, id: target.id });
  }
  root.push({ name: "l45", id: leaf.id });
  return parts.imageOf(root, entries);
}

export function longNames(parts: Parts, upTo: UpTo, random: Random): Buffer {
  const leaf = parts.whole("blob", "leaf");
  const length = upTo(MIB);
  const count = Math.max(1, Math.min(3000, Math.floor((4 * MIB) / length)));
  const end = random.pick(["<", "é", "\x1b", "a"]).repeat(length);
  const names = Array.from({ length: count }, (_, i) => `${String(i).padStart(5, "0")}${end}`);
  return parts.imageOf(
    names.map((name) => ({ name, id: leaf.id })),
    [leaf],
  );
}
