import { DocteurError } from "../../reader/errors.ts";
import { isObjectId } from "../../reader/git/object-id.ts";
import { printable } from "../../reader/printable.ts";
import type { Ref } from "./refs.ts";

/** How the name of what an annotated tag leads to ends in a list of references (gitprotocol-pack(5)). */
const PEELED = "^{}";

/** Characters of a line that a message has. */
const SHOWN = 100;

/**
 * The references that `git ls-remote` prints.
 * @param where the repository, for messages.
 * @throws {DocteurError} `FETCH_FAILED` for anything else, and for ids of several lengths.
 */
export function parseRefList(text: string, where: string): Ref[] {
  const lines = text.split("\n").filter((line) => line !== "");
  let digits: number | undefined;
  const listed = lines.map((line) => {
    const [, id = "", name = ""] = /^([0-9a-f]+)\t(.+)$/.exec(line) ?? [];
    digits ??= id.length;
    if (!isObjectId(id) || id.length !== digits) throw noRef(line, where);
    return { id, name };
  });
  const peeled = new Map(
    listed.filter(({ name }) => name.endsWith(PEELED)).map(({ name, id }) => [name, id]),
  );
  return listed
    .filter(({ name }) => !name.endsWith(PEELED))
    .map((ref) => ({ ...ref, peeled: peeled.get(ref.name + PEELED) }));
}

function noRef(line: string, where: string): DocteurError {
  const shown = printable(line.slice(0, SHOWN));
  return new DocteurError("FETCH_FAILED", `cannot fetch from ${where}: git ls-remote lists no ref: ${shown}`);
}
