import { writeGenerated } from "../../reader/generated-tree.ts";
import { assembleImage } from "../../reader/image-fixture.ts";
import { Repository } from "../../reader/repository.ts";

/** Text that compresses, and of which git stores a second version as a delta. */
export const STORY = Buffer.from(
  Array.from(
    { length: 2000 },
    (_, line) => `${line}: the quick brown fox jumps over ${line * 7919} dogs\n`,
  ).join(""),
);

/** Larger than what the server holds whole, even compressed. */
export const MOVIE = (() => {
  const bytes = Buffer.alloc(3 * 1024 * 1024);
  let state = 1;
  for (let i = 0; i < bytes.length; i++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    bytes[i] = state >>> 16;
  }
  return bytes;
})();

export const INDEX = Buffer.from("<!doctype html><title>Home</title><p>Welcome.\n");

const file = (path: string, content: Uint8Array | string) => ({
  path: Buffer.from(path).toString("latin1"),
  mode: "100644" as const,
  content: Buffer.from(content),
});

/**
 * An image of a web site: an index in `/` and in `/docs/`, none in `/plain/`, two stories of which one is a
 * delta, a movie, links, a submodule, and names that are awkward in addresses and in HTML.
 */
export function siteImage(): {
  image: Buffer;
  id: (path: string) => string;
  isDelta: (path: string) => boolean;
} {
  using repository = new Repository();
  const commit = writeGenerated(repository, [
    file("index.html", INDEX),
    file("docs/index.html", "<!doctype html><title>Docs</title>\n"),
    file("docs/guide.txt", "Read me first.\n"),
    file("plain/a b%20c.txt", "spaces\n"),
    file("plain/naïve.txt", "diaeresis\n"),
    file("plain/<i>\"&'.txt", "marks\n"),
    file("plain/javascript:alert(1)", "scheme\n"),
    file("plain/deep/file.json", "{}\n"),
    file("story-1.txt", STORY),
    file("story-2.txt", Buffer.concat([STORY, Buffer.from("The end.\n")])),
    file("movie.mp4", MOVIE),
    file("empty.txt", ""),
    { path: "latest", mode: "120000", content: Buffer.from("docs") },
    { path: "outside", mode: "120000", content: Buffer.from("../../etc/passwd") },
    { path: "module", mode: "160000", content: Buffer.of() },
  ]);
  const packed = repository.pack(commit);
  const id = (path: string) => ids.get(path)!;
  const ids = new Map(repository.list(commit, "-r").map((entry) => [entry.path, entry.id]));
  const deltas = new Set(
    repository
      .git(["verify-pack", "-v", packed.idxPath])
      .toString()
      .split("\n")
      .map((line) => /^(\w{40}) blob +\d+ \d+ \d+ \d+ \w{40}$/.exec(line)?.[1]),
  );
  return { image: assembleImage({ commit, ...packed }), id, isDelta: (path) => deltas.has(id(path)) };
}
