import test from "ava";
import * as fc from "fast-check";
import { MAX_PAYLOAD } from "../../../guest/protocol/frame.ts";
import { decodeProgramDisk, encodeProgramDisk } from "../../../guest/protocol/program-disk.ts";
import { DocteurError } from "../../../reader/errors.ts";

const reader = (disk: Buffer) => (offset: number, length: number) => disk.subarray(offset, offset + length);
const request = { program: "cat", args: ["/README.md"], env: {} };

const anyRequest = fc.record({
  program: fc.string(),
  args: fc.array(fc.string({ unit: "binary" })),
  env: fc.dictionary(fc.string(), fc.string()),
});
const anyProgram = fc.option(fc.record({ code: fc.uint8Array({ minLength: 1 }), map: fc.uint8Array() }), {
  nil: undefined,
});

test("a program's disk decodes to the request and the program that it was made of", (t) => {
  fc.assert(
    fc.property(anyRequest, anyProgram, (request, program) => {
      const disk = encodeProgramDisk({ request, program });
      const decoded = decodeProgramDisk(reader(disk));
      t.is(disk.length % 4096, 0);
      t.deepEqual(JSON.parse(JSON.stringify(decoded.request)), JSON.parse(JSON.stringify(request)));
      t.deepEqual(
        decoded.program && { code: Buffer.from(decoded.program.code), map: Buffer.from(decoded.program.map) },
        program && { code: Buffer.from(program.code), map: Buffer.from(program.map) },
      );
    }),
  );
});

test("a program of several frames decodes whole", (t) => {
  const program = { code: Buffer.alloc(2 * MAX_PAYLOAD + 5, "code "), map: Buffer.alloc(MAX_PAYLOAD, "m") };
  const decoded = decodeProgramDisk(reader(encodeProgramDisk({ request, program })));
  t.true(program.code.equals(decoded.program!.code));
  t.true(program.map.equals(decoded.program!.map));
});

test("a byte that changed before the padding, and an end that is missing, are refused with a code", (t) => {
  const disk = encodeProgramDisk({ request, program: { code: Buffer.from("code"), map: Buffer.from("{}") } });
  const end = 512 + Number(disk.readBigUInt64LE(16));
  fc.assert(
    fc.property(fc.nat(end - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      // Nothing lies between the header and the frames.
      fc.pre(at < 56 || at >= 512);
      const damaged = Buffer.from(disk);
      damaged[at]! ^= change;
      const error = t.throws(() => decodeProgramDisk(reader(damaged)), { instanceOf: DocteurError })!;
      t.is(error.code, "PROGRAM_DISK_INVALID");
    }),
  );
  for (const length of [0, 15, 55, 511, end - 1]) {
    t.throws(() => decodeProgramDisk(reader(disk.subarray(0, length))), {
      instanceOf: DocteurError,
      code: "PROGRAM_DISK_INVALID",
    });
  }
});

test("any bytes are refused with a code, however long they claim to be", (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2048 }), fc.boolean(), (bytes, hasMagic) => {
      const disk = Buffer.concat([hasMagic ? Buffer.from("docteur program\n") : Buffer.alloc(0), bytes]);
      const error = t.throws(() => decodeProgramDisk(reader(disk)), { instanceOf: DocteurError })!;
      t.is(error.code, "PROGRAM_DISK_INVALID");
    }),
  );
});

test("arguments of more than a frame are refused before a disk is made", (t) => {
  const long = { ...request, args: ["x".repeat(MAX_PAYLOAD)] };
  t.throws(() => encodeProgramDisk({ request: long, program: undefined }), { code: "ARGUMENTS_TOO_LONG" });
});
