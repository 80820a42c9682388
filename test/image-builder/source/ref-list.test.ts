import test from "ava";
import { parseRefList } from "../../../image-builder/source/ref-list.ts";
import { failsWith } from "../failure.ts";

for (const digits of [40, 64]) {
  const [a, b] = ["a".repeat(digits), "b".repeat(digits)];
  const other = "c".repeat(104 - digits);

  test(`what a tag leads to is beside its id (${digits} digits)`, (t) => {
    const text = `${a}\tHEAD\n${a}\trefs/heads/main\n${b}\trefs/tags/v1\n${a}\trefs/tags/v1^{}\n`;
    t.deepEqual(parseRefList(text, "x"), [
      { id: a, name: "HEAD", peeled: undefined },
      { id: a, name: "refs/heads/main", peeled: undefined },
      { id: b, name: "refs/tags/v1", peeled: a },
    ]);
    t.deepEqual(parseRefList("", "x"), []);
  });

  test(`what is no ref, or none of the same repository, is shown in one line (${digits} digits)`, async (t) => {
    for (const line of [
      `${other}\trefs/heads/other`,
      `${a}`,
      `${a}\t`,
      `${a} HEAD`,
      `${a}${a}\tHEAD`,
      `${a.slice(1)}\tHEAD`,
      `${"A".repeat(digits)}\tHEAD`,
      "warning: \u001b[31mno",
      "y".repeat(100_000),
    ]) {
      for (const text of [`${a}\tHEAD\n${line}\n`, `${line}\n${a}\tHEAD\n`]) {
        const parse = () => parseRefList(text, "https://x");
        const error = await failsWith(t, "FETCH_FAILED", parse, /^cannot fetch from https:\/\/x: .{1,200}$/);
        t.notRegex(error.message, /\u001b/);
      }
    }
  });
}
