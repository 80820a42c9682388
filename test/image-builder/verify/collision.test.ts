// An object with the marks of an attack is a fault of the image.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { DamagedImageError, verifyImage } from "../../../image-builder/index.ts";
import { analysisTask } from "../../../image-builder/verify/analysis-task.ts";
import { examineObjects } from "../../../image-builder/verify/examine.ts";
import { planAnalysis } from "../../../image-builder/verify/plan.ts";
import { SHA1DC } from "../../../image-builder/verify/sha1dc/sha1dc.ts";
import { verifyDevice } from "../../../image-builder/verify/verify-device.ts";
import { verifyAtOnce, verifyInTurns } from "../../../image-builder/verify/verify-together.ts";
import { memoryDevice } from "../../../reader/block/memory.ts";
import { InvalidImageError } from "../../../reader/errors.ts";
import type { HashFunctions } from "../../../reader/git/hash.ts";
import { Random } from "../../fuzz/random.ts";
import { copy, delta, imageOfTree, insert, refDelta, treeOf, whole } from "../../reader/pack-fixture.ts";
import { temporaryFolder } from "../../temporary-folder.ts";
import { PAIRS } from "./sha1dc/collisions.ts";
import { HEADLESS } from "./sha1dc/headless.ts";
import { verifyTogether } from "./together.ts";

const [attack] = PAIRS[0]!.messages;
const innocent = whole("blob", "nobody attacked this");
const base = whole("blob", attack.subarray(0, 200));
const SIZE = attack.length;

/** Ways in which an object lies in a PACK, and is read. */
const OBJECTS = {
  "an undeltified object": [whole("blob", attack)],
  "a delta": [base, refDelta(base.id, delta(200, SIZE, copy(0, 200), insert(attack.subarray(200))), attack)],
  "an object that passes through a window": [whole("blob", Buffer.concat([attack, Buffer.alloc(2 << 20)]))],
  "the base of a delta": [
    whole("blob", attack),
    refDelta(whole("blob", attack).id, delta(SIZE, 64, copy(0, 64)), attack.subarray(0, 64)),
  ],
};

function imageWith(entries: readonly ReturnType<typeof whole>[]): Buffer {
  const names = Object.fromEntries([innocent, ...entries].map(({ id }, i) => [`file ${i}`, id]));
  return imageOfTree(treeOf(names), [innocent, ...entries]);
}

function faultOf(work: () => unknown): InvalidImageError | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (error instanceof InvalidImageError) return error;
    throw error;
  }
}

test("an object that is part of a collision is a fault that names it, however it lies in the PACK", (t) => {
  for (const [what, entries] of Object.entries(OBJECTS)) {
    const image = imageWith(entries);
    const attacked = what === "a delta" ? entries[1]! : entries[0]!;
    const device = memoryDevice(image);
    t.is(
      faultOf(() => verifyDevice(device)),
      undefined,
      what,
    );
    const fault = faultOf(() => verifyDevice(device, { functions: HEADLESS }))!;
    t.is(fault.fault, "sha1-collision", what);
    t.is(fault.object, attacked.id, what);
    const { offset } = examineObjects(device, HEADLESS)[0]!;
    t.is(fault.offset, offset, what);
    t.true(offset! > 28 && offset! < image.length, what);
    t.is(
      fault.message,
      "invalid image: SHA-1 appears to be part of a collision attack: another content may have the same id" +
        ` (object ${attacked.id} at byte ${offset})`,
    );
  }
});

test("--keep-going names it among the damaged objects, once", (t) => {
  for (const [what, entries] of Object.entries(OBJECTS)) {
    const faults = examineObjects(memoryDevice(imageWith(entries)), HEADLESS);
    t.deepEqual(
      faults.map(({ fault }) => fault),
      ["sha1-collision"],
      what,
    );
    t.deepEqual(examineObjects(memoryDevice(imageWith(entries))), [], what);
  }
});

test("several threads are in doubt of it, and of nothing else", async (t) => {
  for (const [what, entries] of Object.entries(OBJECTS)) {
    const image = imageWith(entries);
    const sound = imageWith([whole("blob", attack.subarray(64))]);
    for (const threads of [1, 2, 3]) {
      const verify = (bytes: Buffer, functions?: HashFunctions) =>
        verifyTogether(bytes, threads, new Random(threads), 1, functions);
      t.is(verify(image, HEADLESS), undefined, what);
      t.deepEqual(verify(image, SHA1DC), verifyDevice(memoryDevice(image)), what);
      t.deepEqual(verify(sound, HEADLESS), verifyDevice(memoryDevice(sound)), what);
    }
    const plan = planAnalysis("", memoryDevice(image))!;
    const task = () => analysisTask("", plan.header, plan.count, 1);
    t.is(await verifyAtOnce(memoryDevice(image), task(), HEADLESS), undefined, what);
    t.is(await verifyInTurns(memoryDevice(image), task(), HEADLESS), undefined, what);
  }
});

test("when the IDX does not have its id, the SHA-1 is named", (t) => {
  const image = imageWith(OBJECTS["an undeltified object"]);
  const { object } = faultOf(() => verifyDevice(memoryDevice(image), { functions: HEADLESS }))!;
  const id = Buffer.from(object!, "hex");
  for (let at = image.indexOf(id); at >= 0; at = image.indexOf(id, at + 1)) {
    if (at > image.readUInt32LE(20)) image[at + 19]! ^= 1;
  }
  const fault = faultOf(() => verifyDevice(memoryDevice(image), { functions: HEADLESS }))!;
  t.is(fault.fault, "sha1-collision");
  t.is(fault.message, `invalid image: SHA-1 appears to be part of a collision attack: ${object}`);
  t.is(fault.object, undefined);
});

test("behind git's header the published messages are ordinary", async (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, "x.img");
  const messages = PAIRS.flatMap((pair) => pair.messages).map((message) => whole("blob", message));
  writeFileSync(path, imageWith(messages));
  const expected = await verifyImage(path);
  for (const keepGoing of [false, true]) {
    for (const inBackground of [false, true]) {
      t.deepEqual(await verifyImage(path, { sha1dc: true, keepGoing, inBackground }), expected);
    }
  }
});

test("with sha1dc another fault is found as without", async (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, "x.img");
  const image = imageWith([whole("blob", "content")]);
  image[image.length - 600]! ^= 1;
  image[60]! ^= 1;
  writeFileSync(path, image);
  const outcome = async (sha1dc: boolean) => {
    const error = await t.throwsAsync(verifyImage(path, { sha1dc, keepGoing: true }));
    return [error.message, error instanceof DamagedImageError ? error.damages.map(String) : []];
  };
  t.deepEqual(await outcome(true), await outcome(false));
});
