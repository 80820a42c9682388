import test from "ava";
import { InvalidImageError } from "../../../reader/errors.ts";
import { checkPinnedCommit } from "../../../reader/image/pinned-commit.ts";

const SHA1 = "12ab".repeat(10);
const SHA256 = "12ab".repeat(16);

for (const [hash, commit, other, name, otherName] of [
  ["sha1", SHA1, SHA256, "SHA-1", "SHA-256"],
  ["sha256", SHA256, SHA1, "SHA-256", "SHA-1"],
] as const) {
  test(`${hash}: the message shows both commits, the hash functions if they differ, and what is no id`, (t) => {
    const check = (pinned: string | undefined) => {
      checkPinnedCommit({ hash, commit, packStart: 0, indexOffset: 0 }, pinned);
    };
    for (const pinned of [undefined, commit, commit.toUpperCase()]) t.notThrows(() => check(pinned));
    const another = "0".repeat(commit.length);
    for (const [pinned, says] of [
      [another, `${commit}, not of ${another}`],
      [other, `${commit} (${name}), not of ${other} (${otherName})`],
      [commit.slice(0, 7), `${commit}, not of "12ab12a", which is not the full id of a commit`],
      ["", `${commit}, not of "", which is not the full id of a commit`],
      ["a\nb", `${commit}, not of "a\\u000ab", which is not the full id of a commit`],
    ] as const) {
      const error = t.throws(() => check(pinned), { instanceOf: InvalidImageError });
      t.is(error?.fault, "pinned-commit");
      t.is(error?.message, `invalid image: it is of commit ${says} (at byte 0)`);
    }
  });
}
