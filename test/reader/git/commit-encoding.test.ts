import assert from "node:assert/strict";
import test from "ava";
import { parseCommit } from "../../../reader/git/commit.ts";
import { decodeCommitText } from "../../../reader/git/commit-encoding.ts";
import { Repository } from "../repository.ts";

const TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

/** Encodings as commits name them, and what a sample of each reads. Bytes are hexadecimal. */
const SAMPLES: [string, string, string][] = [
  ["ISO-8859-1", "4af67267", "Jörg"],
  ["iso-8859-1", "8085e9", "\u0080\u0085é"],
  ["latin1", "e9", "é"],
  ["latin-1", "e9", "é"],
  ["ISO8859-1", "e9", "é"],
  ["ISO-8859-15", "a4", "€"],
  ["ISO-8859-2", "b1", "ą"],
  ["CP1252", "80", "€"],
  ["windows-1252", "80", "€"],
  ["CP1251", "cff0e8", "При"],
  ["KOI8-R", "f0d2c9", "При"],
  ["EUC-JP", "c6fccbdc", "日本"],
  ["SHIFT-JIS", "93fa967b", "日本"],
  ["SJIS", "93fa967b", "日本"],
  ["CP932", "93fa967b", "日本"],
  ["ISO-2022-JP", "1b2442467c4b5c1b2842", "日本"],
  ["GBK", "c8d5b1be", "日本"],
  ["GB18030", "c8d5b1be", "日本"],
  ["CP936", "c8d5b1be", "日本"],
  ["BIG5", "a4e9a5bb", "日本"],
  ["EUC-KR", "c0cfbabb", "일본"],
  ["UTF-8", "c3a9", "é"],
  ["utf8", "c3a9", "é"],
];
/** What git shows as it is, for it cannot convert it. */
const AS_UTF8: [string, string, string][] = [
  ["none-such", "c3a9", "é"],
  ["none-such", "e9", "\ufffd"],
  ["ASCII", "c3a9", "é"],
  ["EUC-JP", "c3a920ff", "é \ufffd"],
  ["x\0y", "c3a9", "é"],
  ["", "c3a9", "é"],
];

test("what the encoding header says is heeded, in the author, the committer and the message", (t) => {
  using repository = new Repository();
  repository.write("tree", "");
  let compared = 0;
  for (const [encoding, hex, text] of [...SAMPLES, ...AS_UTF8]) {
    const who = "A{} <a{}b> 1 +0000".replaceAll("{}", Buffer.from(hex, "hex").toString("latin1"));
    const header = `tree ${TREE}\nauthor ${who}\ncommitter ${who}\nencoding ${encoding}\n`;
    const bytes = Buffer.from(`${header}\n${Buffer.from(hex, "hex").toString("latin1")}\n`, "latin1");
    const { author, committer, message, encoding: named } = parseCommit(bytes);
    const shown = `${encoding} ${hex}`;
    assert.deepEqual([author.name, author.email, message], [`A${text}`, `a${text}b`, `${text}\n`], shown);
    assert.deepEqual([committer.name, named], [`A${text}`, encoding], shown);
    if (encoding.includes("\0")) continue;
    const id = repository.write("commit", bytes);
    const output = repository.git(["log", "--encoding=UTF-8", "--format=%an%x00%ae%x00%B", id]);
    // A git without this conversion shows the bytes.
    if (output.includes(Buffer.from(hex, "hex")) && !AS_UTF8.some(([name]) => name === encoding)) continue;
    assert.deepEqual(output.toString().trimEnd().split("\0"), [`A${text}`, `a${text}b`, text], shown);
    compared++;
  }
  t.true(compared > 8, `${compared} compared with git`);
});

test("every character of one byte is what git makes of it", (t) => {
  using repository = new Repository();
  repository.write("tree", "");
  const all = Array.from({ length: 128 }, (_, i) => i + 128);
  for (const encoding of ["ISO-8859-1", "ISO-8859-15", "ISO-8859-2", "KOI8-R", "CP1251", "CP866"]) {
    const ids = all.map((byte) => {
      const header = `tree ${TREE}\nauthor A <a> 1 +0000\ncommitter A <a> 1 +0000\nencoding ${encoding}\n`;
      return repository.write("commit", Buffer.from(`${header}\nx${String.fromCharCode(byte)}`, "latin1"));
    });
    const args = ["log", "--no-walk=unsorted", "--stdin", "-z", "--encoding=UTF-8", "--format=%B"];
    const output = repository.git(args, `${ids.join("\n")}\n`);
    const shown = output.toString("latin1").split("\0").slice(0, all.length);
    for (const [index, byte] of all.entries()) {
      const git = Buffer.from(shown[index] as string, "latin1").subarray(1);
      // Not converted: not in this encoding, or not by this git.
      if (git[0] === byte && git.toString("latin1").trimEnd().length === 1) continue;
      const ours = decodeCommitText(Uint8Array.of(byte), encoding);
      assert.equal(ours, git.toString().trimEnd() || ours, `${encoding} ${byte.toString(16)}`);
    }
  }
  t.pass();
});

test("a name in which a byte looks like a bracket is read whole", (t) => {
  // In ISO-2022-JP 0x3c and 0x3e are halves of characters: "<" and ">" only once they are decoded.
  const name = Buffer.from("1b24423c3e3e3c1b2842", "hex");
  const who = Buffer.concat([name, Buffer.from(" <a@b> 7 +0100")]);
  const header = [Buffer.from(`tree ${TREE}\nauthor `), who, Buffer.from("\nencoding ISO-2022-JP\n\n")];
  const { author } = parseCommit(Buffer.concat(header));
  t.deepEqual([author.email, author.date, author.zone], ["a@b", 7, 60]);
  t.is([...author.name].length, 2);
});
