import { printable } from "../../reader/printable.ts";
import { parseImageAddress } from "../../remote/address.ts";
import type { Command } from "../cli/command.ts";
import { exitStatus } from "../cli/exit-status.ts";
import { requireFile } from "../cli/file-operand.ts";
import { writeJsonFailure } from "../cli/json-failure.ts";
import { namingImage } from "../cli/naming-image.ts";
import { progressOn } from "../cli/progress.ts";
import { bytes, duration } from "../cli/quantity.ts";
import { downloadOptions, logins } from "../cli/registry-options.ts";
import { writeJson } from "../cli/screen.ts";
import { sourceOptions } from "../cli/source-options.ts";

/** `docteur pull`: an image from a registry or a server. */
export const pull: Command = {
  name: "pull",
  summary: "download a disk image from a registry or a server",
  synopsis: [
    "[-q] [--json] [--no-verify] [--header-from FILE]\n     [--cacert FILE] [--plain-http] ADDRESS IMAGE",
  ],
  description: `Downloads the whole image at ADDRESS into the file IMAGE, which appears complete and verified, or not at all: an
existing file stays until then. To read an image without downloading all of it, give its address to 'docteur run'.

From a registry, the manifest must have the digest of the address, if that has one, and the layer the digest of the
manifest. Then every object is verified as docteur verify does.

A download that ends early, by Ctrl-C or a failure, leaves what it has in a file beside IMAGE, .IMAGE.docteur-pull-*.part.
The next pull of the same image to the same path goes on from there, and verifies it together with the rest; if it is
damaged, it begins anew. A pull of another image to that path removes it. An NBD server, and an https server that names no
version of the image, leave nothing to go on from.`,
  operands: ["ADDRESS", "IMAGE"],
  options: [
    {
      name: "no-verify",
      description: "Verify the digests alone, which only a registry has, and not the objects.",
    },
    ...downloadOptions,
    {
      name: "json",
      description:
        "Print the result as one JSON object on one line of standard output: image, commit, bytes, resumed (the bytes that an earlier pull had left), digest, verified. On failure the object has error, with code and message.",
    },
    { name: "quiet", short: "q", description: "Print neither progress nor summary." },
  ],
  sections: [
    {
      title: "ADDRESS",
      body: ` oci://REGISTRY/NAME[:TAG]        a registry; the tag is latest by default
 oci://REGISTRY/NAME@sha256:...   the same, pinned
 https://HOST/PATH, http://...    a server that answers ranges
 nbd://HOST[:PORT][/EXPORT]       an NBD server
 nbd+unix:///[EXPORT]?socket=PATH`,
    },
    logins,
    {
      title: "EXAMPLES",
      body: ` docteur pull oci://registry.example.com/sites/docs:v1 docs.img
 docteur pull https://example.com/docs.img docs.img`,
    },
    exitStatus,
  ],
  async execute(invocation, { stdout, stderr, env, signal, redact }) {
    const [text, image] = invocation.operands as [string, string];
    const quiet = invocation.flag("quiet");
    const json = invocation.flag("json");
    const line = quiet ? undefined : progressOn(stderr, env);
    const started = performance.now();
    try {
      const address = parseImageAddress(text);
      if (address.kind === "file" || address.kind === "rbd") {
        throw invocation.misuse(
          `'${redact(text)}' is no address to pull from: write oci://REGISTRY/NAME:TAG, https://HOST/PATH or nbd://HOST/EXPORT`,
        );
      }
      requireFile(invocation, image, "pull into a file, then docteur push it");
      const [{ openSource }, { pullImage }] = await Promise.all([
        import("../../remote/open.ts"),
        import("../../image-builder/pull/pull-image.ts"),
      ]);
      await using source = await openSource(address, sourceOptions(invocation, { env, signal }));
      const pulled = await namingImage(address.display, () =>
        pullImage(source, {
          image,
          verify: !invocation.flag("no-verify"),
          signal,
          onProgress:
            line &&
            ((phase, done, total) =>
              line.show({ phase, unit: phase === "fetch" ? "bytes" : undefined, done, total })),
        }),
      );
      line?.clear();
      if (json) writeJson(stdout, pulled);
      else if (!quiet) {
        const took = duration(performance.now() - started);
        const before = pulled.resumed === 0 ? "" : `, of which ${bytes(pulled.resumed)} were here`;
        stderr.write(
          `${printable(image)}: commit ${pulled.commit}, image ${bytes(pulled.bytes)}${before}, ${took}\n`,
        );
      }
      return 0;
    } catch (error) {
      if (json) writeJsonFailure(stdout, error, redact);
      throw error;
    } finally {
      line?.clear();
    }
  },
};
