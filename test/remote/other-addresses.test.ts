import test from "ava";
import { SourceError } from "../../reader/source-error.ts";
import { parseImageAddress } from "../../remote/address.ts";

function refused(text: string): string {
  try {
    parseImageAddress(text);
  } catch (error) {
    if (error instanceof SourceError && error.code === "BAD_ADDRESS") return error.message;
    throw error;
  }
  return "";
}

test("an address that docteur does not read is no file that is missing", (t) => {
  for (const scheme of ["s3", "gs", "ftp", "htps", "sftp", "iscsi+x"]) {
    t.regex(
      refused(`${scheme}://bucket/disk.img`),
      /there are no .* addresses of images: docteur reads https, /,
    );
  }
  t.is(refused("file:///srv/disk.img"), "file:///srv/disk.img: write the path alone");
  t.is(refused("docker://ghcr.io/a/b:v1"), "docker://ghcr.io/a/b:v1: write oci://ghcr.io/a/b:v1");
});

test("what is refused is shown without secrets", (t) => {
  for (const text of [
    "s3://ada:SECRET@bucket/disk.img",
    "htps://host/disk.img?sig=SECRET",
    "file://ada:SECRET@host/disk.img",
    "docker://ada:SECRET@host/name",
  ]) {
    const message = refused(text);
    t.not(message, "");
    t.false(message.includes("SECRET"), message);
  }
});

test("a path is a path, with a colon in it or not", (t) => {
  for (const path of ["disk.img", "/srv/a:b", "a:b", "./s3://bucket", "C:\\disk.img", "a b", ""]) {
    t.deepEqual(parseImageAddress(path), { kind: "file", path });
  }
});
