import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { apiPage } from "../../scripts/write-api-docs.ts";

const CHECKOUT = join(import.meta.dirname, "../..");

test("docs/API.md is what `node scripts/write-api-docs.ts` writes", async (t) => {
  const page = readFileSync(join(CHECKOUT, "docs/API.md"), "utf8");
  t.true(page === (await apiPage()), "run node scripts/write-api-docs.ts");
});

test("the page has each name that a library exports", (t) => {
  const page = readFileSync(join(CHECKOUT, "docs/API.md"), "utf8");
  for (const room of ["reader", "remote", "vm", "guest"]) {
    const index = readFileSync(join(CHECKOUT, room, "index.ts"), "utf8");
    const lists = [...index.matchAll(/^export (?:type )?\{(.*?)\} from/gms)].flatMap(([, names]) =>
      names!.split(","),
    );
    const declared = [...index.matchAll(/^export (?:async )?(?:class|function|interface) (\w+)/gm)].map(
      ([, name]) => name!,
    );
    const names = [...lists.map((name) => name.trim().replace(/^type /, "")).filter(Boolean), ...declared];
    t.true(names.length > 3);
    for (const name of names) t.true(page.includes(`\n### ${name}\n`), `${room}: ${name}`);
  }
});
