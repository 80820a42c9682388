import { buffer } from "node:stream/consumers";
import test from "ava";
import { Volume } from "memfs";
import { Union } from "unionfs";
import { INDEX, MOVIE, siteFs } from "./site.ts";

type Layer = Parameters<InstanceType<typeof Union>["use"]>[0];

/** The image below a volume in memory that takes what is written. */
function union() {
  const volume = Volume.fromJSON({ "/docs/extra.txt": "Only in memory.\n", "/index.html": "Changed.\n" });
  const fs = new Union().use(siteFs() as unknown as Layer).use(volume as unknown as Layer);
  return { fs, volume };
}

test("a folder is the sum of both layers", async (t) => {
  const { fs } = union();
  const both = ["extra.txt", "guide.txt", "movie.bin"];
  t.deepEqual(fs.readdirSync("/docs"), both as never);
  t.deepEqual((await fs.promises.readdir("/docs")) as never, both as never);
  t.deepEqual(await new Promise((resolve) => fs.readdir("/docs", (_, names) => resolve(names))), both);
});

test("the upper layer hides the lower, which shows where it has nothing", async (t) => {
  const { fs } = union();
  t.is(fs.readFileSync("/index.html", "utf8"), "Changed.\n");
  t.is(fs.readFileSync("/docs/guide.txt", "utf8"), "Read me first.\n");
  t.is((await fs.promises.readFile("/latest/guide.txt", "utf8")) as string, "Read me first.\n");
  t.is(fs.statSync("/docs/movie.bin").size, MOVIE.length);
  t.is(fs.readlinkSync("/latest"), "docs");
  t.true(fs.existsSync("/docs/extra.txt"));
  t.false(fs.existsSync("/docs/nothing.txt"));
  t.throws(() => fs.readFileSync("/docs/nothing.txt"), { code: "ENOENT" });
});

test("what is written goes to the layer that can be written", async (t) => {
  const { fs, volume } = union();
  fs.writeFileSync("/docs/note.txt", "Written.\n");
  await fs.promises.writeFile("/docs/later.txt", "Written too.\n");
  t.is(volume.readFileSync("/docs/note.txt", "utf8"), "Written.\n");
  t.is(fs.readFileSync("/docs/later.txt", "utf8"), "Written too.\n");
});

test("what is only in the image cannot be removed", (t) => {
  const { fs } = union();
  t.throws(() => fs.unlinkSync("/docs/guide.txt"));
  t.is(fs.readFileSync("/docs/guide.txt", "utf8"), "Read me first.\n");
});

test("descriptors and streams go to the layer that gave them", async (t) => {
  const { fs } = union();
  for (const [path, content] of [
    ["/docs/extra.txt", "Only in memory.\n"],
    ["/docs/guide.txt", "Read me first.\n"],
  ] as const) {
    const fd = fs.openSync(path, "r");
    const bytes = Buffer.alloc(5);
    t.is(fs.readSync(fd, bytes, 0, 5, 0), 5);
    t.is(bytes.toString(), content.slice(0, 5));
    t.is(fs.fstatSync(fd).size, content.length);
    fs.closeSync(fd);
    t.is((await buffer(fs.createReadStream(path) as never)).toString(), content);
  }
  t.true((await buffer(fs.createReadStream("/docs/movie.bin") as never)).equals(MOVIE));
  t.not(INDEX, fs.readFileSync("/index.html", "utf8"));
});
