import test from "ava";
import { DocteurError } from "../../../reader/errors.ts";
import * as errors from "../../../reader/store/errors.ts";
import { imageOfTree, open, whole } from "../pack-fixture.ts";
import { encodeTree } from "../repository.ts";

const file = whole("blob", "content");
const link = whole("blob", "file");
const loop = whole("blob", "loop");
const folder = whole("tree", encodeTree([{ mode: "100644", name: "inner", id: file.id }]));
const root = whole(
  "tree",
  encodeTree([
    { mode: "100644", name: "file", id: file.id },
    { mode: "40000", name: "folder", id: folder.id },
    { mode: "120000", name: "link", id: link.id },
    { mode: "120000", name: "loop", id: loop.id },
    { mode: "160000", name: "module", id: "12".repeat(20) },
  ]),
);
const store = open(imageOfTree(root, [file, folder, link, loop]));
const range = { offset: 0, length: 1 };

const CASES: [string, () => unknown, new (path: string) => DocteurError, string][] = [
  ["get nothing", () => store.get("no"), errors.NotFoundError, "NOT_FOUND"],
  ["get folder", () => store.get("folder"), errors.ValueExpectedError, "VALUE_EXPECTED"],
  ["get root", () => store.get("/"), errors.ValueExpectedError, "VALUE_EXPECTED"],
  ["get module", () => store.get("module"), errors.ValueExpectedError, "VALUE_EXPECTED"],
  ["get in module", () => store.get("module/x"), errors.NotFoundError, "NOT_FOUND"],
  ["get loop", () => store.get("loop"), errors.TooManyLinksError, "TOO_MANY_LINKS"],
  ["get in file", () => store.get("file/x"), errors.DictionaryExpectedError, "DICTIONARY_EXPECTED"],
  ["get in link", () => store.get("link/x"), errors.DictionaryExpectedError, "DICTIONARY_EXPECTED"],
  ["getPartial folder", () => store.getPartial("folder", range), errors.ValueExpectedError, "VALUE_EXPECTED"],
  ["getPartial nothing", () => store.getPartial("no", range), errors.NotFoundError, "NOT_FOUND"],
  ["open folder", () => store.open("folder"), errors.ValueExpectedError, "VALUE_EXPECTED"],
  ["size folder", () => store.size("folder"), errors.ValueExpectedError, "VALUE_EXPECTED"],
  ["size nothing", () => store.size("no"), errors.NotFoundError, "NOT_FOUND"],
  ["list file", () => store.list("file"), errors.DictionaryExpectedError, "DICTIONARY_EXPECTED"],
  ["list link", () => store.list("link"), errors.DictionaryExpectedError, "DICTIONARY_EXPECTED"],
  ["list nothing", () => store.list("no"), errors.NotFoundError, "NOT_FOUND"],
  ["digest nothing", () => store.digest("no"), errors.NotFoundError, "NOT_FOUND"],
  ["lastModified nothing", () => store.lastModified("no"), errors.NotFoundError, "NOT_FOUND"],
  ["describe nothing", () => store.describe("no"), errors.NotFoundError, "NOT_FOUND"],
  ["readLink nothing", () => store.readLink("no"), errors.NotFoundError, "NOT_FOUND"],
];
for (const [name, work, Class, code] of CASES) {
  test(`${name}: ${code}`, (t) => {
    const error = t.throws(work, { instanceOf: Class, code });
    t.true(error instanceof DocteurError);
    t.is(error?.name, Class.name);
    t.regex(error?.message ?? "", /^[a-z/]+: [a-z ]+$/);
  });
}

test("readLink of what is no link: NOT_A_LINK", (t) => {
  for (const path of ["file", "folder", "/", "module"])
    t.throws(() => store.readLink(path), { code: "NOT_A_LINK" });
});

test("exists tells what is there and what is not", (t) => {
  t.is(store.exists("file"), "value");
  t.is(store.exists("link"), "value");
  t.is(store.exists("folder"), "dictionary");
  t.is(store.exists("module"), "dictionary");
  t.is(store.exists(""), "dictionary");
  for (const path of ["no", "file/", "file/x", "loop", "module/x"]) t.is(store.exists(path), undefined);
});

test("a range that is none is the caller's mistake", (t) => {
  for (const [offset, length] of [
    [-1, 1],
    [0, -1],
    [0.5, 1],
    [0, Number.NaN],
    [Number.POSITIVE_INFINITY, 1],
  ] as const) {
    t.throws(() => store.getPartial("file", { offset, length }), { instanceOf: RangeError });
  }
});

test("a message is one line, whatever the path", (t) => {
  for (const path of ["no\nline", "no\r\u001b[2J", Buffer.from([0x0a, 0xff])]) {
    const error = t.throws(() => store.get(path), { code: "NOT_FOUND" });
    t.regex(error?.message ?? "", /^[^\p{Cc}]+: not found$/u);
  }
});

test("values are the caller's own", (t) => {
  store.get("file").fill(0);
  t.is(Buffer.from(store.get("file")).toString(), "content");
  store.readLink("link").fill(0);
  t.is(Buffer.from(store.get("link")).toString(), "content");
  for (const { rawName } of store.list("/")) rawName.fill(0x78);
  for (const { path } of store.prefix("")) path.fill(0x78);
  t.is(store.exists("file"), "value");
  t.deepEqual(
    store.list("/").map(({ name }) => name),
    ["file", "folder", "link", "loop", "module"],
  );
});

test("the date is the commit's", (t) => {
  t.is(store.lastModified("file").toISOString(), "2020-10-10T08:00:00.000Z");
});
