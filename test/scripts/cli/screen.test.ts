import { writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { shellQuote } from "../../../vm/qemu/shell-quote.ts";
import { assembleImage } from "../../reader/image-fixture.ts";
import { Repository } from "../../reader/repository.ts";
import { temporaryFolder } from "../../temporary-folder.ts";
import { CHECKOUT, command, docteur } from "../docteur.ts";

/** Sets a title, clears the screen, moves up, rings; by C0, C1 and a mark of direction. */
const ESCAPES = "\x1b]0;title\x07\x1b[2J\u009b2A\u202e\x7f";
const NAME = Buffer.concat([Buffer.from(`name${ESCAPES}\n`), Buffer.of(0x9b), Buffer.from("2J")]);
const SHOWN = "name\\u001b]0;title\\u0007\\u001b[2J\\u009b2A\\u202e\\u007f\\u000a\\x9b2J";

/** An image whose names, link, author and message have them all. */
function makeHostile(t: ExecutionContext): string {
  const repository = new Repository();
  t.teardown(() => repository[Symbol.dispose]());
  const blob = repository.write("blob", "content\n");
  const target = repository.write("blob", NAME);
  const entry = (mode: string, name: Uint8Array | string, id: string) =>
    Buffer.concat([Buffer.from(`${mode} `), Buffer.from(name), Buffer.of(0), Buffer.from(id, "hex")]);
  const inner = repository.write("tree", entry("100644", NAME, blob));
  const tree = Buffer.concat([
    entry("40000", "dir", inner),
    entry("120000", "link", target),
    entry("100644", NAME, blob),
  ]);
  const author = `Ada${ESCAPES} <ada${ESCAPES}@x> 1602316800 +0000`;
  const message = `subject${ESCAPES}\n\n\tbody${ESCAPES}\n`;
  const commit = repository.write(
    "commit",
    `tree ${repository.write("tree", tree)}\nauthor ${author}\ncommitter ${author}\n\n${message}`,
  );
  const image = join(temporaryFolder(t), "x.img");
  writeFileSync(image, assembleImage({ commit, ...repository.pack(commit) }));
  return image;
}

/** What a command writes to a terminal, and its status. */
async function onTerminal(t: ExecutionContext, args: readonly string[]): Promise<string> {
  const file = join(temporaryFolder(t), "command");
  writeFileSync(file, [join(CHECKOUT, "scripts/docteur"), ...args].map(shellQuote).join(" "));
  const run = ["-q", "-c", `sh ${shellQuote(file)}`, "/dev/null"];
  const { stdout } = await command("script", run, { env: { NO_COLOR: "1", TERM: "xterm", COLUMNS: "200" } });
  return stdout.toString().replaceAll("\r\n", "\n");
}

/** The line that says how far the work is takes itself away. */
const withoutProgress = (text: string) => text.replace(/\r[^\r\n\x1b]*\x1b\[K/g, "");

const hostile = `x${ESCAPES}`;
for (const [what, args, shown] of [
  ["verify", (image: string) => ["verify", image], /subject\\u001b.*\n\n\tbody\\u001b/],
  [
    "verify --json",
    (image: string) => ["verify", "--json", image],
    /"message":"subject\\u001b.*\\u009b2A\\u202e/,
  ],
  ["ls", (image: string) => ["run", "-t", "unix", image, "ls"], /^dir\nlink\nname.*\n$/],
  ["ls -lR", (image: string) => ["run", "-t", "unix", image, "ls", "-lR"], /\tdir\/name\\u001b.*\n/],
  ["stat", (image: string) => ["run", "-t", "unix", image, "stat", "/link"], /^target\t: name\\u001b.*\n/m],
  [
    "an error of a program",
    (image: string) => ["run", "-t", "unix", image, "cat", hostile],
    /x\\u001b.*: not found\n$/,
  ],
  [
    "an error of the command",
    () => ["make", `/${hostile}`, "y.img"],
    /^docteur: \/x\\u001b.*no such repository/,
  ],
  ["a wrong command", () => [hostile], /^docteur: unknown command 'x\\u001b/],
  ["an image that is none", () => ["verify", hostile], /^docteur: x\\u001b/],
] as const) {
  test(`nothing of an image or an argument steers the terminal: ${what}`, async (t) => {
    const written = withoutProgress(await onTerminal(t, args(makeHostile(t))));
    t.regex(written, shown);
    t.is(written.search(/[^\P{Cc}\n\t]|[\u202a-\u202e]/u), -1, JSON.stringify(written));
  });
}

test("output into a pipe is not escaped", async (t) => {
  const image = makeHostile(t);
  const printed = async (...args: string[]) => (await docteur(args)).stdout;
  const unix = ["run", "-t", "unix", image];
  const names = Buffer.concat([Buffer.from("dir\nlink\n"), NAME, Buffer.from("\n")]);
  t.deepEqual(await printed(...unix, "ls"), names);
  t.true((await printed(...unix, "stat", "link")).includes(Buffer.concat([Buffer.from("target\t: "), NAME])));
  t.true((await printed("verify", image)).includes(`subject${ESCAPES}\n\n\tbody${ESCAPES}\n`));
  const { message } = JSON.parse((await printed("verify", "--json", image)).toString());
  t.is(message, `subject${ESCAPES}\n\n\tbody${ESCAPES}\n`);
  const [, json] = /^(\{.*\})$/m.exec(withoutProgress(await onTerminal(t, ["verify", "--json", image])))!;
  t.is(JSON.parse(json!).message, message);
  t.true((await onTerminal(t, [...unix, "ls"])).includes(SHOWN));
});
