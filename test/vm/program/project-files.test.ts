import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import test, { type ExecutionContext } from "ava";
import { bundleProgram } from "../../../vm/program/bundle-program.ts";
import type { ProgramError } from "../../../vm/program/program-error.ts";
import { temporaryFolder } from "../../temporary-folder.ts";

const SECRET = "host-secret";

/**
 * A folder with files and symbolic links (`-> TARGET`) by their paths; the project lies in `work/project`.
 */
function layOut(t: ExecutionContext, files: Readonly<Record<string, string>>): string {
  const folder = temporaryFolder(t);
  const all = {
    "outside.json": `{"token": "${SECRET}"}`,
    "outside.txt": SECRET,
    "outside.css": `body { content: "${SECRET}" }`,
    "outside.js.map": `{"version":3,"sources":["${SECRET}"],"names":["${SECRET}"],"mappings":"AAAAA"}`,
    "elsewhere/index.js": `export default "${SECRET}";`,
    "work/project/package.json": '{"name": "project", "imports": {"#out": "./link.json"}}',
    ...files,
  };
  for (const [path, content] of Object.entries(all)) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    if (content.startsWith("-> ")) symlinkSync(content.slice(3).replace("FOLDER", folder), file);
    else
      writeFileSync(file, content.replaceAll("FOLDER_URL", encodeURI(folder)).replaceAll("FOLDER", folder));
  }
  return folder;
}

async function bundled(program: string): Promise<string> {
  const { code, map } = await bundleProgram(program);
  return Buffer.from(code).toString() + Buffer.from(map).toString();
}

/** What is not of the project; the program is `work/project/p.ts` unless it is given. */
const REFUSED: Readonly<Record<string, { files: Record<string, string>; what: string; location: string }>> = {
  "JSON above the project": {
    files: { "work/project/p.ts": "import s from '../../outside.json';\nexport default s;" },
    what: "outside.json",
    location: "work/project/p.ts:1:15",
  },
  "an absolute path, as text": {
    files: {
      "work/project/p.ts": "\n import s from 'FOLDER/outside.txt' with { type: 'text' };\nexport default s;",
    },
    what: "outside.txt",
    location: "work/project/p.ts:2:16",
  },
  "binary, by a package's file": {
    files: {
      "work/project/p.ts": "import s from 'dep'; export default s;",
      "work/project/node_modules/dep/index.js":
        "import s from '../../../../outside.txt' with { type: 'bytes' }; export default s;",
    },
    what: "outside.txt",
    location: "work/project/node_modules/dep/index.js:1:15",
  },
  "a file of the machine, by its loader": {
    files: { "work/project/p.ts": "import s from '/etc/hostname' with { type: 'text' }; export default s;" },
    what: "/etc/hostname",
    location: "work/project/p.ts:1:15",
  },
  "require, which a program may do without": {
    files: {
      "work/project/p.cjs": "let s; try { s = require('../../outside.json'); } catch {} exports.default = s;",
    },
    what: "outside.json",
    location: "work/project/p.cjs:1:26",
  },
  "import while it runs": {
    files: { "work/project/p.ts": "export default await import('../../outside.json');" },
    what: "outside.json",
    location: "work/project/p.ts:1:29",
  },
  "import of any file there": {
    files: { "work/project/p.ts": "export default (n: string) => import('../../outside.' + n);" },
    what: "outside.css",
    location: "work/project/p.ts:1:38",
  },
  "a link to a file": {
    files: {
      "work/project/link.json": "-> ../../outside.json",
      "work/project/p.ts": "import s from './link.json'; export default s;",
    },
    what: "outside.json",
    location: "work/project/p.ts:1:15",
  },
  "a link to a folder": {
    files: {
      "work/project/up": "-> ../..",
      "work/project/p.ts": "import s from './up/outside.json'; export default s;",
    },
    what: "outside.json",
    location: "work/project/p.ts:1:15",
  },
  "a link, by the project's map of imports": {
    files: {
      "work/project/link.json": "-> ../../outside.json",
      "work/project/p.ts": "import s from '#out'; export default s;",
    },
    what: "outside.json",
    location: "work/project/p.ts:1:15",
  },
  "a link in a package": {
    files: {
      "work/project/node_modules/dep/data.json": "-> FOLDER/outside.json",
      "work/project/p.ts": "import s from 'dep/data.json'; export default s;",
    },
    what: "outside.json",
    location: "work/project/p.ts:1:15",
  },
  "a package that is a link to what is no package": {
    files: {
      "work/project/node_modules/dep": "-> FOLDER/elsewhere",
      "work/project/p.ts": "import s from 'dep'; export default s;",
    },
    what: "elsewhere/index.js",
    location: "work/project/p.ts:1:15",
  },
  "a package that is a link to another package": {
    files: {
      "elsewhere/package.json": '{"name": "private"}',
      "work/project/node_modules/dep": "-> FOLDER/elsewhere",
      "work/project/p.ts": "import s from 'dep'; export default s;",
    },
    what: "elsewhere/index.js",
    location: "work/project/p.ts:1:15",
  },
  "node_modules that is a link to what is none": {
    files: {
      "elsewhere/dep/index.js": `export default "${SECRET}";`,
      "work/project/node_modules": "-> ../../elsewhere",
      "work/project/p.ts": "import s from 'dep'; export default s;",
    },
    what: "elsewhere/dep/index.js",
    location: "work/project/p.ts:1:15",
  },
  "the node_modules of others": {
    files: {
      "elsewhere/node_modules/dep/index.js": `export default "${SECRET}";`,
      "work/project/p.ts": "import s from '../../elsewhere/node_modules/dep'; export default s;",
    },
    what: "elsewhere/node_modules/dep/index.js",
    location: "work/project/p.ts:1:15",
  },
  "paths of the tsconfig.json": {
    files: {
      "work/project/tsconfig.json": '{"compilerOptions": {"paths": {"@/*": ["../../*"]}}}',
      "work/project/p.ts": "import s from '@/outside.json'; export default s;",
    },
    what: "outside.json",
    location: "work/project/p.ts:1:15",
  },
  "the runtime of JSX that a tsconfig.json names": {
    files: {
      "elsewhere/jsx-runtime.js": `export const jsx = "${SECRET}";`,
      "work/project/tsconfig.json":
        '{"compilerOptions": {"jsx": "react-jsx", "jsxImportSource": "FOLDER/elsewhere"}}',
      "work/project/p.ts": "export { default } from './view.tsx';",
      "work/project/view.tsx": "export default <p/>;",
    },
    what: "elsewhere/jsx-runtime.js",
    location: "work/project/view.tsx:1:16",
  },
  "a style sheet's import": {
    files: {
      "work/project/p.ts": "import './a.css'; export default 1;",
      "work/project/a.css": "@import '../../outside.css';",
    },
    what: "outside.css",
    location: "work/project/a.css:1:9",
  },
  "a source map": {
    files: { "work/project/p.js": "export default 1;\n//# sourceMappingURL=../../outside.js.map\n" },
    what: "outside.js.map",
    location: "work/project/p.js:2:3",
  },
  "a source map, by a URL": {
    files: {
      "work/project/p.js":
        "export default 1;\n  //# sourceMappingURL=file://localhostFOLDER_URL/outside.js.map\n",
    },
    what: "outside.js.map",
    location: "work/project/p.js:2:5",
  },
  "a file above a program without a package.json": {
    files: { "alone/p.ts": "import s from '../outside.json'; export default s;" },
    what: "outside.json",
    location: "alone/p.ts:1:15",
  },
};

for (const [what, refused] of Object.entries(REFUSED)) {
  test(`a program is refused with ${what}`, async (t) => {
    const folder = layOut(t, refused.files);
    const program = Object.keys(refused.files).find((path) => /\/p\.\w+$/.test(path))!;
    const error = await t.throwsAsync<ProgramError>(bundleProgram(join(folder, program)), {
      code: "PROGRAM_INVALID",
    });
    const shown = (path: string) => relative(process.cwd(), join(folder, path));
    const file = refused.what.startsWith("/") ? relative(process.cwd(), refused.what) : shown(refused.what);
    const [line] = error!.diagnostics;
    const project = join(folder, program, "..");
    t.is(
      line,
      `${shown(refused.location)}: ${file} is refused: it is outside of the project ${project} and of its node_modules`,
    );
    t.false(error!.diagnostics.join().includes(SECRET));
  });
}

/**
 * What a project may be made of: the program says `export { default } from "dep"`, and `dep` says it is here.
 */
const HERE = 'export default "it is here";';
const TAKEN: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "a file in another folder of the project": {
    "work/project/src/deep/p.ts": "export { default } from '../../lib/dep.js';",
    "work/project/lib/dep.js": HERE,
  },
  "a link within the project": {
    "work/project/p.ts": "export { default } from './link.js';",
    "work/project/link.js": "-> lib/dep.js",
    "work/project/lib/dep.js": HERE,
  },
  "a package beside the project": {
    "work/project/p.ts": "export { default } from 'dep';",
    "work/project/node_modules/dep/index.js": HERE,
  },
  "a package above the project, and what that needs": {
    "work/project/p.ts": "export { default } from 'dep';",
    "work/node_modules/dep/index.js": "export { default } from 'other';",
    "node_modules/other/index.js": HERE,
  },
  "a package in a folder of the project": {
    "work/project/src/p.ts": "export { default } from 'dep';",
    "work/project/src/node_modules/dep/index.js": HERE,
  },
  "a package of a workspace": {
    "work/project/p.ts": "export { default } from '@scope/dep';",
    "work/node_modules/@scope/dep": "-> ../../packages/dep",
    "work/packages/dep/package.json": '{"name": "@scope/dep", "exports": "./dist/index.js"}',
    "work/packages/dep/dist/package.json": '{"type": "module"}',
    "work/packages/dep/dist/index.js": "export { default } from '../lib.js';",
    "work/packages/dep/lib.js": HERE,
  },
  "a package of npm link, and the packages that it has": {
    "work/project/p.ts": "export { default } from 'dep';",
    "work/project/node_modules/dep": "-> FOLDER/linked",
    "linked/package.json": '{"name": "dep"}',
    "linked/index.js": "export { default } from 'other';",
    "linked/node_modules/other/index.js": HERE,
  },
  "packages as pnpm lays them out": {
    "work/project/p.ts": "export { default } from 'dep';",
    "work/project/node_modules/dep": "-> ../../node_modules/.pnpm/dep@1.0.0/node_modules/dep",
    "work/node_modules/.pnpm/dep@1.0.0/node_modules/dep/index.js": "export { default } from 'other';",
    "work/node_modules/.pnpm/dep@1.0.0/node_modules/other": "-> ../../other@2.0.0/node_modules/other",
    "work/node_modules/.pnpm/other@2.0.0/node_modules/other/index.js": HERE,
  },
  "packages as pnpm shares them": {
    "work/project/p.ts": "export { default } from 'dep';",
    "work/project/node_modules/dep": "-> FOLDER/share/links/dep/1.0.0/hash/node_modules/dep",
    "share/links/dep/1.0.0/hash/node_modules/dep/package.json": '{"name": "dep"}',
    "share/links/dep/1.0.0/hash/node_modules/dep/index.js": "export { default } from 'other';",
    "share/links/dep/1.0.0/hash/node_modules/other/index.js": HERE,
  },
  "node_modules that are kept elsewhere": {
    "work/project/p.ts": "export { default } from 'dep';",
    "work/project/node_modules": "-> FOLDER/kept/node_modules",
    "kept/node_modules/dep/index.js": HERE,
  },
  "a source map beside its file, and what only looks like the comment of one": {
    "work/project/p.js": "export { default } from './dep.js';",
    "work/project/dep.js": `export default "it is here //# sourceMappingURL=" + "../../outside.js.map";\n//# sourceMappingURL=dep.js.map`,
    "work/project/dep.js.map": '{"version":3,"sources":["dep.ts"],"names":[],"mappings":"AAAA"}',
  },
  "a program that is a link": {
    "work/project/p.ts": "-> FOLDER/linked/program.ts",
    "linked/program.ts": "export { default } from './dep.js';",
    "linked/dep.js": HERE,
  },
};

for (const [what, files] of Object.entries(TAKEN)) {
  test(`a program is bundled with ${what}`, async (t) => {
    const folder = layOut(t, files);
    const program = Object.keys(files).find((path) => /\/p\.\w+$/.test(path))!;
    t.regex(await bundled(join(folder, program)), /"it is here/);
  });
}

test.serial("a package.json in the home folder makes no project of all that the user has", async (t) => {
  const folder = layOut(t, {
    "package.json": "{}",
    "download/p.ts": "import s from '../outside.json'; export default s;",
  });
  const { HOME } = process.env;
  t.teardown(() => {
    process.env.HOME = HOME;
  });
  t.regex(await bundled(join(folder, "download/p.ts")), new RegExp(SECRET));
  process.env.HOME = folder;
  await t.throwsAsync(bundleProgram(join(folder, "download/p.ts")), { code: "PROGRAM_INVALID" });
});
