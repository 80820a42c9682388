import type { ImageFs } from "../../../reader/fs/create-fs.ts";
import { createFs } from "../../../reader/fs/create-fs.ts";
import { imageOfTree, open, whole } from "../pack-fixture.ts";
import { encodeTree } from "../repository.ts";

/** Large enough to be streamed through a window. */
export const MOVIE = Buffer.alloc(2 * 1024 * 1024 + 777, "not really a movie, ");

export const INDEX = "<!doctype html><title>An image</title>\n";

/**
 * The file system of a small web site: `/index.html`, `/docs/guide.txt`, `/docs/movie.bin`, a link `/latest`
 * to `docs`.
 */
export function siteFs(): ImageFs {
  const index = whole("blob", INDEX);
  const guide = whole("blob", "Read me first.\n");
  const movie = whole("blob", MOVIE);
  const link = whole("blob", "docs");
  const docs = whole(
    "tree",
    encodeTree([
      { mode: "100644", name: "guide.txt", id: guide.id },
      { mode: "100644", name: "movie.bin", id: movie.id },
    ]),
  );
  const root = whole(
    "tree",
    encodeTree([
      { mode: "40000", name: "docs", id: docs.id },
      { mode: "100644", name: "index.html", id: index.id },
      { mode: "120000", name: "latest", id: link.id },
    ]),
  );
  return createFs(open(imageOfTree(root, [docs, index, guide, movie, link])));
}
