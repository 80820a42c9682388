import test from "ava";
import { maskUrls, Secret } from "../../../image-builder/source/secret.ts";

test("every spelling of a secret is masked", (t) => {
  const secret = new Secret("p@ss wörd/%");
  for (const spelling of ["p@ss wörd/%", "p%40ss%20w%C3%B6rd%2F%25", "p@ss%20w%C3%B6rd/%25"]) {
    t.is(secret.redact(`fatal: '${spelling}' and ${spelling}`), "fatal: '***' and ***");
  }
  t.is(new Secret("").redact("nothing"), "nothing");
  t.is(`${secret}${JSON.stringify({ secret })}`, '***{"secret":"***"}');
});

test("credentials in URLs are masked", (t) => {
  t.is(
    maskUrls("access 'https://u:p@host/x' and HTTP://t@h"),
    "access 'https://***@host/x' and HTTP://***@h",
  );
  t.is(
    maskUrls("git@host:path ssh://git@host/x https://host/a@b"),
    "git@host:path ssh://***@host/x https://***@b",
  );
});
