import test from "ava";
import { compareVersions, strongTag, type Version, versionKey } from "../../../remote/http/version.ts";

function version(etag?: string, lastModified?: string, length: number | undefined = 9): Version {
  return { etag, lastModified, length };
}

test("a strong tag decides, and a length that contradicts it is unclear", (t) => {
  t.is(compareVersions(version('"a"'), version('"a"')), "same");
  t.is(compareVersions(version('"a"', "then"), version('"a"', "now")), "same");
  t.is(compareVersions(version('"a"'), { ...version('"a"'), length: undefined }), "same");
  t.is(compareVersions(version('"a"'), version('"b"')), "changed");
  t.is(compareVersions(version('"a"'), version('W/"a"')), "changed");
  t.is(compareVersions(version('"a"'), version()), "unclear");
  t.is(compareVersions(version('"a"'), version('"a"', undefined, 8)), "unclear");
});

test("beside a weak tag, and without one, the date and the length are compared", (t) => {
  t.is(compareVersions(version('W/"a"', "then"), version('W/"a"', "then")), "same");
  t.is(compareVersions(version('W/"a"', "then"), version('W/"a"', "now")), "changed");
  t.is(compareVersions(version('W/"a"'), version('W/"a"', undefined, 8)), "changed");
  t.is(compareVersions(version(undefined, "then"), version(undefined, "now")), "changed");
  t.is(compareVersions(version(undefined, "then"), version(undefined, "then", 8)), "unclear");
  t.is(compareVersions(version(undefined, "then"), version()), "unclear");
  t.is(compareVersions(version(), version(undefined, undefined, 8)), "changed");
  t.is(compareVersions(version(), version()), "same");
});

test("only a well-formed strong tag is one", (t) => {
  t.is(strongTag(version('"a"')), '"a"');
  for (const etag of ['W/"a"', "a", '"a', '"a" "b"', '"a", "b"', undefined])
    t.is(strongTag(version(etag)), undefined, etag);
});

test("a key names a version of a URL", (t) => {
  const key = (url: string, of: Version) => versionKey(new URL(url), of);
  const base = key("https://h/p", version('"a"', "then"));
  t.regex(base, /^http:[0-9a-f]{64}$/);
  t.is(key("https://h/p", version('"a"', "now")), base);
  t.is(key("https://h/p?X-Amz-Signature=1&X-Amz-Date=2", version('"a"')), base);
  t.is(key("https://h/p?sv=2&sig=3", version('"a"')), base);
  const file = key("https://h/p?file=a", version('"a"'));
  t.is(key("https://h/p?file=a&Expires=9&Signature=x&AWSAccessKeyId=y", version('"a"')), file);
  t.is(key("https://h/p?X-Amz-Security-Token=1&file=a&X-Amz-Credential=2", version('"a"')), file);
  t.is(key("https://h/p?file=a&sv=1&st=2&se=3&sr=b&sp=r&sig=4", version('"a"')), file);
  const others = [
    file,
    key("https://h/p?file=b&Expires=9&Signature=x", version('"a"')),
    key("https://h/p?Expires=9", version('"a"')),
    key("https://h/q", version('"a"')),
    key("https://g/p", version('"a"')),
    key("http://h/p", version('"a"')),
    key("https://h/p?id=1", version('"a"')),
    key("https://h/p?id=2", version('"a"')),
    key("https://h/p", version('"b"')),
    key("https://h/p", version('"a"', undefined, 8)),
    key("https://h/p", version('W/"a"', "then")),
    key("https://h/p", version('W/"a"', "now")),
    key("https://h/p", version(undefined, "then")),
  ];
  t.is(new Set([base, ...others]).size, others.length + 1);
  t.not(key("https://h/p", version()), key("https://h/p", version()));
});
