import { printable } from "../../reader/printable.ts";
import { isFile, parseImageAddress } from "../../remote/address.ts";
import type { ImageDescription } from "../../remote/inspect/description.ts";
import type { Origin } from "../../remote/inspect-source.ts";
import type { Command } from "../cli/command.ts";
import { exitStatus } from "../cli/exit-status.ts";
import { writeJsonFailure } from "../cli/json-failure.ts";
import { namingImage } from "../cli/naming-image.ts";
import { bytes, count } from "../cli/quantity.ts";
import { downloadOptions, logins } from "../cli/registry-options.ts";
import { writeJson, writeShown } from "../cli/screen.ts";
import { sourceOptions } from "../cli/source-options.ts";

/** `docteur inspect`: what an image says of itself. */
export const inspect: Command = {
  name: "inspect",
  summary: "show what a disk image is, without reading all of it",
  synopsis: ["[--json] [--header-from FILE] [--cacert FILE]\n     [--plain-http] IMAGE"],
  description: `Prints the commit, its author and date, how many objects the image has, the sizes of its parts, and for an image in
a registry where it came from. Reads the header, two tables and the commit, whose id it verifies; 'docteur verify' verifies
the rest. Of an image that lies elsewhere it fetches a few ranges, some 100 KB.`,
  operands: ["IMAGE"],
  options: [
    ...downloadOptions,
    {
      name: "json",
      description:
        "Print one JSON object on one line of standard output. Sizes and offsets are in bytes. On failure the object has error, with code and message.",
    },
  ],
  sections: [
    {
      title: "IMAGE",
      body: ` FILE                            a file or a block device
 oci://REGISTRY/NAME[:TAG]       a registry; the tag is latest by default
 oci://REGISTRY/NAME@sha256:...  the same, pinned
 https://HOST/PATH, http://...   a server that answers ranges
 nbd://HOST[:PORT][/EXPORT]      an NBD server
 nbd+unix:///[EXPORT]?socket=PATH`,
    },
    logins,
    {
      title: "EXAMPLES",
      body: ` docteur inspect disk.img
 docteur inspect --json oci://registry.example.com/sites/docs:v1`,
    },
    exitStatus,
  ],
  async execute(invocation, { stdout, env, signal, redact }) {
    const [text] = invocation.operands as [string];
    const json = invocation.flag("json");
    try {
      const address = parseImageAddress(text);
      const { inspectFile, inspectSource } = await import("../../remote/inspect-source.ts");
      const display = isFile(address) ? address.path : address.display;
      const { description, origin } = await namingImage(display, async () =>
        isFile(address)
          ? inspectFile(address.path)
          : await inspectSource(address, sourceOptions(invocation, { env, signal })),
      );
      if (json) writeJson(stdout, asJson(description, origin));
      else writeShown(stdout, asText(description, origin));
      return 0;
    } catch (error) {
      if (json) writeJsonFailure(stdout, error, redact);
      throw error;
    }
  },
};

function asJson({ id, commit, ...rest }: ImageDescription, origin: Origin): object {
  const { tree, author, committer, message } = commit;
  return { ...origin, commit: id, root: tree, author, committer, message, ...rest };
}

function asText(image: ImageDescription, origin: Origin): string {
  const { id, commit, hash, sections } = image;
  const { author, committer, message } = commit;
  const named = (name: string, value: string | undefined): string[] =>
    value === undefined ? [] : [`${name.padEnd(9)}: ${printable(value)}`];
  const part = (name: string, offset: number, size: number) =>
    `  ${name.padEnd(8)} ${bytes(size).padStart(10)}  at byte ${offset}`;
  const entries = image.entries === undefined ? "" : `, ${image.entries.toLocaleString("en-US")} paths`;
  const lines = [
    ...named("source", origin.source),
    ...named("digest", origin.digest),
    ...named("layer", origin.layer),
    ...Object.entries(origin.annotations ?? {}).map(([key, value]) => `  ${printable(`${key}: ${value}`)}`),
    ...named("commit", id),
    ...named("author", `${author.name} <${author.email}>`),
    ...named("date", new Date(committer.date * 1000).toISOString().replace(".000Z", "Z")),
    ...named("root", commit.tree),
    ...named("message", message?.trimStart().split("\n", 1)[0]),
    ...named("format", hash),
    ...named("objects", `${count(image.objects, "object")}${entries}`),
    ...named("image", bytes(image.size)),
    part("PACK", image.packOffset, image.packSize),
    ...(sections?.map(({ type, offset, length }) => part(type, offset, length)) ?? [
      "  the footer is damaged",
    ]),
    part("IDX", image.indexOffset, image.indexSize),
  ];
  return lines.map((line) => `${line}\n`).join("");
}
