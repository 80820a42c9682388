import { statSync } from "node:fs";
import { printable } from "../../reader/printable.ts";
import { type OciAddress, parseImageAddress } from "../../remote/address.ts";
import type { PushOptions } from "../../remote/oci/push.ts";
import type { Invocation } from "../cli/arguments.ts";
import type { Command } from "../cli/command.ts";
import { exitStatus } from "../cli/exit-status.ts";
import { writeJsonFailure } from "../cli/json-failure.ts";
import { namingImage } from "../cli/naming-image.ts";
import { type ProgressLine, progressOn } from "../cli/progress.ts";
import { bytes, duration } from "../cli/quantity.ts";
import { logins, registryOptions } from "../cli/registry-options.ts";
import { writeJson } from "../cli/screen.ts";
import { sourceOptions } from "../cli/source-options.ts";

/** `docteur push`: an image into a registry. */
export const push: Command = {
  name: "push",
  summary: "push an image or an exported machine into an OCI registry",
  synopsis: [
    "[-q] [--json] [--no-verify] [--source URL] [--cacert FILE]\n     [--plain-http] IMAGE oci://REGISTRY/NAME[:TAG]",
  ],
  description: `Uploads the file or block device IMAGE, and prints its address there, which ends in its digest: with that
address others get these bytes and no others. The tag is latest by default. The same version of docteur gives the
same image the same digest.

What is pushed is an artifact of OCI 1.1 with one uncompressed layer, of which 'docteur run' and others read the parts that
they need. It is a container image, too: podman and docker pull it, and KubeVirt takes it as a containerDisk, with the
image as /disk/disk.img.

The image is verified first. What the registry has already is not uploaded. A large image goes in pieces; if the network
fails, push goes on from what the registry has got. A push that ends early cancels its upload.

IMAGE may also be the folder of an OCI image layout with one container image, such as those that 'docteur export' writes. It
is pushed as it is, and keeps its digest.`,
  operands: ["IMAGE", "ADDRESS"],
  options: [
    {
      name: "source",
      value: "URL",
      description:
        "Where the commit comes from, for those who look at the artifact (org.opencontainers.image.source). Part of the digest. Default: it says nothing of that.",
    },
    {
      name: "no-verify",
      description:
        "Verify the header, the index's tables and the commit of a disk image only, rather than every object as docteur verify does.",
    },
    ...registryOptions,
    {
      name: "json",
      description:
        "Print the result as one JSON object on one line of standard output: address, digest, layer, commit, size, layerWas; of a layout: address, digest, size, uploaded. On failure the object has error, with code and message.",
    },
    { name: "quiet", short: "q", description: "Print neither progress nor summary." },
  ],
  sections: [
    logins,
    {
      title: "EXAMPLES",
      body: ` docteur push disk.img oci://registry.example.com/sites/docs:v1
 docteur push --no-verify disk.img oci://localhost:5000/docs
 docteur push site/machine oci://registry.example.com/machines/site:v1
 docteur run "$(docteur push disk.img oci://localhost:5000/docs)" ls`,
    },
    exitStatus,
  ],
  async execute(invocation, { stdout, stderr, env, signal, redact }) {
    const [image, text] = invocation.operands as [string, string];
    const json = invocation.flag("json");
    const line = invocation.flag("quiet") ? undefined : progressOn(stderr, env);
    const started = performance.now();
    try {
      const address = parseImageAddress(text);
      if (address.kind !== "oci")
        throw invocation.misuse(
          `'${redact(text)}' is no address of a registry: write oci://REGISTRY/NAME:TAG`,
        );
      const from = parseImageAddress(image);
      if (from.kind !== "file")
        throw invocation.misuse(
          `IMAGE is a file or a block device, not an address: docteur pull '${from.display}' FILE, then push FILE`,
        );
      const options: PushOptions = {
        ...sourceOptions(invocation, { env, signal }),
        source: invocation.text("source"),
        onProgress: line && ((phase, done, total) => line.show({ phase, unit: "bytes", done, total })),
      };
      if (options.source !== undefined && redact(options.source) !== options.source)
        throw invocation.misuse("the URL of --source has a password in it");
      const { pushed, what } = isFolder(image)
        ? await pushFolder(invocation, address, options)
        : await pushFile(invocation, address, options, line);
      line?.clear();
      const took = duration(performance.now() - started);
      if (!invocation.flag("quiet")) stderr.write(`${printable(address.display)}: ${what}, ${took}\n`);
      if (json) writeJson(stdout, pushed);
      else stdout.write(`${pushed.address}\n`);
      return 0;
    } catch (error) {
      if (json) writeJsonFailure(stdout, error, redact);
      throw error;
    } finally {
      line?.clear();
    }
  },
};

/** What is in the registry now, and what the summary says of it. */
interface Result {
  readonly pushed: { readonly address: string };
  readonly what: string;
}

async function pushFile(
  invocation: Invocation,
  address: OciAddress,
  options: PushOptions,
  line: Pick<ProgressLine, "show"> | undefined,
): Promise<Result> {
  const image = invocation.operands[0]!;
  const { signal } = options;
  const pushed = await namingImage(image, async () => {
    if (!invocation.flag("no-verify")) {
      const { verifyImage } = await import("../../image-builder/verify/index.ts");
      await verifyImage(image, {
        signal,
        onProgress: line && ((done, total) => line.show({ phase: "verify", done, total })),
      });
    }
    const { pushImage } = await import("../../remote/oci/push.ts");
    return await pushImage(image, address, options);
  });
  const { size, layerWas, commit } = pushed;
  const became =
    layerWas === "uploaded" ? `${bytes(size)} uploaded` : `the registry had its ${bytes(size)} already`;
  return { pushed, what: `commit ${commit}, ${became}` };
}

async function pushFolder(
  invocation: Invocation,
  address: OciAddress,
  options: PushOptions,
): Promise<Result> {
  for (const option of ["source", "no-verify"]) {
    if (invocation.has(option)) throw invocation.misuse(`--${option} is for disk images, not for a layout`);
  }
  const { pushLayout } = await import("../../remote/oci/push-layout.ts");
  const pushed = await pushLayout(invocation.operands[0]!, address, options);
  return { pushed, what: `${bytes(pushed.uploaded)} of ${bytes(pushed.size)} uploaded` };
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    // What is not there, or cannot be looked at, has an error of its own when it is opened.
    return false;
  }
}
