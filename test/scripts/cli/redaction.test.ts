import { setTimeout } from "node:timers/promises";
import test from "ava";
import fc from "fast-check";
import { hasPassword, redaction } from "../../../scripts/cli/redaction.ts";
import { commandLines } from "../../command-lines.ts";
import { silentServer } from "../../image-builder/servers.ts";
import { PASSWORD, withPassword } from "../../image-builder/with-password.ts";
import { temporaryFolder } from "../../temporary-folder.ts";
import { docteur } from "../docteur.ts";
import { sampleRepository } from "../sample-repository.ts";

test("a password in any argument is masked in messages", (t) => {
  const option = fc.constantFrom("", "--branch=", "-b=");
  fc.assert(
    fc.property(withPassword, option, ({ text }, prefix) => {
      // What has no colon has a user alone.
      fc.pre(/:.*@/s.test(text));
      const argument = prefix + text;
      t.true(hasPassword(["make", argument]), argument);
      const redact = redaction(["make", argument]);
      for (const message of [`'${text}' is one too many`, JSON.stringify(text), `stat '/here/${text}'`]) {
        t.false(redact(message).includes(PASSWORD), redact(message));
      }
    }),
    { numRuns: 5000 },
  );
});

test("ps shows nothing of a password while git waits for the server", async (t) => {
  const cwd = temporaryFolder(t);
  const address = await silentServer(t);
  const controller = new AbortController();
  const options = { cwd, cancelSignal: controller.signal };
  const made = docteur(["make", `http://user:SECRET@${address}/x`, "x.img"], options);
  let seen = "";
  while (!seen.includes(`http://${address}/x`)) {
    await setTimeout(20);
    seen = commandLines();
  }
  t.false(seen.includes("SECRET"));
  controller.abort();
  await made;
});

const PINNED = `localhost:5000/docs/site@sha256:${"0".repeat(64)}`;

test("an image that is pinned in a registry is shown, and a password before it is not", (t) => {
  const text = `oci://ada:SECRET@${PINNED}`;
  t.true(hasPassword(["run", text]));
  const message = redaction(["run", text])(`${text}: no such image`);
  t.is(message, `oci://***@${PINNED}: no such image`);
  t.is(redaction([])(`'${text}', oci://${PINNED}`), `'oci://***@${PINNED}', oci://${PINNED}`);
  t.true(hasPassword(["run", `https://ada:SECRET@sha256:${"0".repeat(64)}`]));
});

test("arguments without a password are not masked", (t) => {
  for (const text of [
    `oci://${PINNED}`,
    "git@host:path",
    "Ada <ada@example.org>",
    "node_modules/@scope/x",
    "v1@2",
  ]) {
    t.false(hasPassword([text]), text);
    t.is(redaction([text])(`${text}: git failed`), `${text}: git failed`);
  }
});

for (const command of [
  (url: string) => ["make", url],
  (url: string) => ["make", ".", url],
  (url: string) => ["make", ".", "x.img", url],
  (url: string) => ["make", "--bs", url, ".", "x.img"],
  (url: string) => ["make", "--json", "-b", url, ".", "x.img"],
  (url: string) => ["make", `--brnach=${url}`, ".", "x.img"],
  (url: string) => ["verify", url],
  (url: string) => ["verify", "--json", url],
  (url: string) => ["run", "-t", "unix", url, "cat", "/x"],
  (url: string) => ["run", "-t", url, "x.img", "cat", "/x"],
  (url: string) => ["run", "x.img", "cat", "--files-from", url],
  (url: string) => ["run", "--tsc", url, "x.img", "./p.ts"],
  (url: string) => [url],
  (url: string) => ["help", url],
]) {
  test(`a URL as a wrong argument: docteur ${command("URL").join(" ")}`, async (t) => {
    const cwd = temporaryFolder(t);
    await sampleRepository(cwd);
    for (const url of ["https://user:SEC/RET@127.0.0.1/x", "user:SEC//RET@127.0.0.1:x"]) {
      for (const env of [{}, { DOCTEUR_DEBUG: "1" }]) {
        const { status, stdout, stderr } = await docteur(command(url), { cwd, env });
        t.not(status, 0);
        t.notRegex(`${stdout}${stderr}`, /SEC|RET/);
      }
    }
  });
}
