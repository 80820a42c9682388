import { writeGenerated } from "../../reader/generated-tree.ts";
import { assembleImage } from "../../reader/image-fixture.ts";
import { Repository } from "../../reader/repository.ts";

/**
 * An image of files by their paths. A content that begins with `->` is that of a symbolic link. Files of the
 * same size are not stored as deltas of each other here: they are small.
 */
export function imageOf(files: Readonly<Record<string, string>>): Buffer {
  using repository = new Repository();
  const commit = writeGenerated(
    repository,
    Object.entries(files).map(([path, content]) => ({
      path: Buffer.from(path).toString("latin1"),
      mode: content.startsWith("->") ? ("120000" as const) : ("100644" as const),
      content: Buffer.from(content.replace(/^->/, "")),
    })),
  );
  return assembleImage({ commit, ...repository.pack(commit) });
}
