import test from "ava";
import { Contents } from "../../../guest/http/contents.ts";
import { resourceSize, Site } from "../../../guest/http/site.ts";
import { TaskQueue } from "../../../guest/http/task-queue.ts";
import { InvalidImageError } from "../../../reader/errors.ts";
import { assembleImage } from "../../reader/image-fixture.ts";
import {
  copy,
  delta,
  imageOfTree,
  insert,
  type MadeEntry,
  makeImage,
  makePack,
  ofsDelta,
  open,
  treeOf,
  whole,
} from "../../reader/pack-fixture.ts";
import { encodeTree } from "../../reader/repository.ts";
import { served } from "./served.ts";

const LEAF = whole("blob", "leaf\n");
const SITE = { index: "index.html", listing: true, spa: false };

/** An image of one file whose commit is written as given, after its tree's line. */
function committed(rest: string): Buffer {
  const root = treeOf({ leaf: LEAF.id });
  const commit = whole("commit", `tree ${root.id}\n${rest}`);
  return assembleImage({ commit: commit.id, ...makePack([commit, root, LEAF]) });
}

const WHO = "author A <a@b> 1602316800 +0200\ncommitter A <a@b> 1602316800 +0200\n";

test("the page about the image cuts long texts", async (t) => {
  const parent = `parent ${"ab".repeat(20)}\n`;
  for (const [rest, pattern] of [
    [`${WHO}\n${"<".repeat(3_000_000)}`, /&#60;\.\.\. \(2,983,616 characters more\)<\/pre>/],
    [`${parent.repeat(5000)}${WHO}\n`, /and 4,900 more</],
    [
      `${WHO.replaceAll("A <", `${"A".repeat(100_000)} <`)}\n`,
      /A\.\.\. \(99,744 characters more\) &#60;a@b&#62;/,
    ],
    [`${WHO}x ${"y\n ".repeat(500_000)}\n\nshort\n`, /<pre>short<\/pre>/],
  ] as const) {
    const { get } = await served(t, committed(rest));
    const { status, body } = await get("/.docteur/");
    t.is(status, 200);
    t.true(body.length < 200_000);
    t.regex(body.toString(), pattern);
    t.is((await get("/leaf")).status, 200);
  }
});

test("the page about the image counts 10^40 paths, as far as numbers go", async (t) => {
  let below: MadeEntry = treeOf({ leaf: LEAF.id });
  const trees = [below];
  for (let i = 0; i < 40; i++) {
    const { id } = below;
    below = treeOf(Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`${i}`, id])), "40000");
    trees.push(below);
  }
  const { get } = await served(t, imageOfTree(below, [LEAF, ...trees.slice(0, -1)]));
  const page = (await get("/.docteur/")).body.toString();
  t.regex(page, /9,007,199,254,740,991 or more files, 9,007,199,254,740,991 or more folders</);
});

test("a folder's page is of bounded length, whatever the folder's", async (t) => {
  const names = (count: number, end: string) =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`${100_000 + i}${end}`, LEAF.id]));
  for (const [count, end, shown] of [
    [10_500, "", 10_000],
    [4000, "<".repeat(1500), 100],
    [3, "x".repeat(100_000), 3],
  ] as const) {
    const { get } = await served(t, imageOfTree(treeOf(names(count, end)), [LEAF]), { args: ["--listing"] });
    const { status, body } = await get("/");
    const page = body.toString();
    const rows = page.match(/<tr><td>/g)!.length;
    t.is(status, 200);
    t.true(body.length < 2_200_000, `${body.length}`);
    t.true(rows >= shown);
    if (rows < count) t.regex(page, new RegExp(`and ${(count - rows).toLocaleString("en-US")} more<`));
  }
});

test("the page of a deep folder links the last names of its path", async (t) => {
  let below: MadeEntry = treeOf({ leaf: LEAF.id });
  const trees = [below];
  for (let i = 0; i < 2000; i++) {
    below = treeOf({ d: below.id }, "40000");
    trees.push(below);
  }
  const { get } = await served(t, imageOfTree(below, [LEAF, ...trees.slice(0, -1)]), { args: ["--listing"] });
  const { status, body } = await get(`/${"d/".repeat(2000)}`);
  t.is(status, 200);
  t.true(body.length < 400_000);
  t.regex(body.toString(), /<h1><a href="\/">root<\/a> \/ \.\.\. \/ <a href="\/(d\/){1969}">d<\/a>/);
});

test("the cache of targets counts the paths that they lead to", (t) => {
  const deep = treeOf({ leaf: LEAF.id });
  const name = "n".repeat(1900);
  const middle = treeOf({ [name]: deep.id }, "40000");
  const root = whole(
    "tree",
    encodeTree([
      { mode: "120000", name: "l", id: whole("blob", "m/leaf").id },
      { mode: "120000", name: "m", id: whole("blob", `${name}/${name}`).id },
      { mode: "40000", name, id: middle.id },
    ]),
  );
  const targets = [whole("blob", "m/leaf"), whole("blob", `${name}/${name}`)];
  const site = new Site(open(imageOfTree(root, [LEAF, deep, middle, ...targets])), SITE);
  const found = site.find("/l");
  t.is(found.kind, "file");
  t.true(found.kind === "file" && found.path.length === 3806);
  t.true(resourceSize(found) > 3806);
  const folder = site.find("/m/");
  t.is(folder.kind, "folder");
  t.true(folder.kind === "folder" && resourceSize(folder) > 3801 + 100 * folder.names.length);
});

/** A blob of some bytes at the end of a chain of large ones. */
function heavy(letter: string): { small: MadeEntry; others: MadeEntry[] } {
  const size = 8 << 20;
  const others = [whole("blob", Buffer.alloc(size, letter))];
  for (let i = 0; i < 20; i++) {
    const content = Buffer.concat([others[0]!.data.subarray(0, size - 1), Buffer.of(i)]);
    others.push(
      ofsDelta(others.at(-1)!.id, delta(size, size, copy(0, size - 1), insert(Buffer.of(i))), content),
    );
  }
  const small = ofsDelta(others.at(-1)!.id, delta(size, 3, copy(0, 3)), Buffer.from(letter.repeat(3)));
  return { small, others };
}

const [X, Y] = [heavy("x"), heavy("y")];
const HEAVY = makeImage({ leaf: LEAF, x: X.small, y: Y.small }, [...X.others, ...Y.others]);

test("other requests are served while large deltas are applied", async (t) => {
  const { get } = await served(t, HEAVY);
  const answered: string[] = [];
  const note = async (target: string, times = 1) => {
    for (let time = 0; time < times; time++) {
      const { status, body } = await get(target);
      t.is(status, 200);
      t.is(body.toString(), target === "/leaf" ? "leaf\n" : target.slice(1).repeat(3));
      answered.push(target);
    }
  };
  await Promise.all([note("/x"), note("/y"), note("/leaf", 3)]);
  t.true(answered.indexOf("/leaf") < answered.lastIndexOf("/y"), answered.join());
});

test("a file of large deltas waits for those before it, and is abandoned when no client waits for it", async (t) => {
  const contents = new Contents(open(HEAVY));
  const site = new Site(open(HEAVY), SITE);
  const [x, y] = [site.find("/x"), site.find("/y")];
  if (x.kind !== "file" || y.kind !== "file") return t.fail();
  const content = contents.identity(x);
  await t.throwsAsync(
    contents.identity(y, () => false),
    { code: "REQUEST_ABANDONED" },
  );
  t.is(Buffer.from((await content).bytes!).toString(), "xxx");
  t.is(Buffer.from((await contents.identity(y)).bytes!).toString(), "yyy");
});

test("tasks run one after the other, and a limited number waits", async (t) => {
  const queue = new TaskQueue();
  let running = 0;
  const work = async () => {
    t.is(++running, 1);
    await new Promise((resolve) => setImmediate(resolve));
    running--;
  };
  const failing = queue.add(() => Promise.reject(new InvalidImageError("device", "no")));
  const added = Array.from({ length: 15 }, () => queue.add(work));
  await t.throwsAsync(queue.add(work), { code: "QUEUE_FULL" });
  await t.throwsAsync(failing, { instanceOf: InvalidImageError });
  await Promise.all(added);
  await queue.add(work);
});
