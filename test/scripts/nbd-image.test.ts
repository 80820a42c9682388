import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { FIXTURES, IMAGES } from "../fixtures.ts";
import { MemoryImage, serve } from "../remote/nbd/served.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { CHECKOUT, command, docteur, refused } from "./docteur.ts";

const SMALL = join(FIXTURES, "small.img");
const door = (name: string) => JSON.stringify(join(CHECKOUT, name, "index.ts"));
const { commit } = IMAGES.get("small.img")!;

test("an export of an NBD server is verified, inspected, pulled and read as a file is", async (t) => {
  const { display } = await serve(t, new MemoryImage(readFileSync(SMALL)), { exportName: "site" });
  const folder = temporaryFolder(t);
  const env = { XDG_CACHE_HOME: temporaryFolder(t) };
  const run = async (...args: string[]) => {
    const { status, stdout, stderr } = await docteur(args, { env });
    t.is(status, 0, stderr);
    return stdout.toString();
  };
  t.is(await run("verify", display), await run("verify", SMALL));
  const { source, ...described } = JSON.parse(await run("inspect", "--json", display));
  const { source: file, ...expected } = JSON.parse(await run("inspect", "--json", SMALL));
  t.deepEqual([source, file], [display, SMALL]);
  t.deepEqual(described, expected);
  const image = join(folder, "pulled.img");
  t.is(JSON.parse(await run("pull", "--json", display, image)).commit, commit);
  t.true(readFileSync(image).equals(readFileSync(SMALL)));
  // In a process of its own: this one has to answer while that one reads.
  const program = `import { openRemoteDevice } from ${door("remote")};
    import { connect } from ${door("reader")};
    const store = connect(await openRemoteDevice(process.argv[1]));
    process.stdout.write(store.get("/README.md"));
    store.close();`;
  const read = await command(process.execPath, ["--input-type=module", "-e", program, display], { env });
  t.is(read.stdout.toString(), await run("run", "-t", "unix", SMALL, "cat", "/README.md"), read.stderr);
});

test("a pull from an NBD server that ends early leaves nothing, for nothing could go on with it", async (t) => {
  const nbd = new MemoryImage(Buffer.concat([readFileSync(SMALL), Buffer.alloc(8 * 1024 * 1024)]));
  nbd.before = (offset) => {
    if (offset >= 4 * 1024 * 1024) throw new Error("gone");
  };
  const { display } = await serve(t, nbd);
  const folder = temporaryFolder(t);
  const pulled = await docteur(["pull", "-q", display, join(folder, "pulled.img")]);
  refused(t, pulled, 1, /^docteur: nbd:[^\n]*EIO/);
  t.deepEqual(readdirSync(folder), []);
});

test("what cannot be pulled or pushed is reported in a line, without its signature", async (t) => {
  const registry = "oci://localhost:1/docs";
  const pulls = /rbd:pool\/image' is no address to pull from: write oci:/;
  refused(t, await docteur(["pull", "rbd:pool/image", "x.img"]), 2, pulls);
  for (const image of ["https://h.example/x.img?sig=SECRET", "oci://h.example/docs", "nbd://h.example/x"]) {
    const { stderr } = await docteur(["push", "--no-verify", image, registry]);
    t.regex(
      stderr,
      /^docteur: IMAGE is a file or a block device, not an address: docteur pull '\w+:[^\n]+\n$/,
    );
    t.notRegex(stderr, /SECRET/);
  }
});
