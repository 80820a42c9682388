import test from "ava";
import fc from "fast-check";
import { decodeRequest, encodeRequest } from "../../../guest/protocol/request.ts";
import { findStandalone } from "../../../guest/runtime/standalone/standalone.ts";

test("a request arrives as it was sent", (t) => {
  const request = fc.record({
    program: fc.string({ unit: "grapheme" }),
    args: fc.array(fc.string({ unit: "grapheme" })),
    env: fc.dictionary(
      fc.string().filter((name) => name !== "__proto__"),
      fc.string(),
    ),
    layout: fc.constantFrom("light", "fast"),
    ports: fc.array(
      fc.record({ address: fc.ipV4(), port: fc.nat(65535), published: fc.constantFrom("127.0.0.1:80") }),
    ),
    terminal: fc.boolean(),
    verbose: fc.boolean(),
  });
  fc.assert(
    fc.property(request, (sent) => {
      t.deepEqual(
        structuredClone(decodeRequest(encodeRequest(sent))),
        structuredClone({ ...sent, env: { ...sent.env } }),
      );
    }),
  );
});

test("bytes that are no request are refused with one line", (t) => {
  t.throws(() => decodeRequest(Buffer.from("{")), {
    code: "REQUEST_MALFORMED",
    message: "the run request is not JSON",
  });
  for (const value of [
    null,
    [],
    {},
    { program: 1, args: [], env: {} },
    { program: "cat", args: [1], env: {} },
    { program: "cat", args: [], env: null },
    { program: "cat", args: [], env: { A: 1 } },
    { program: "cat", args: [], env: {}, layout: "heavy" },
    { program: "cat", args: [], env: {}, ports: [80] },
    { program: "cat", args: [], env: {}, ports: [{ address: "127.0.0.1", port: "80" }] },
    { program: "cat", args: [], env: {}, verbose: "yes" },
    { program: "cat", args: [], env: {}, terminal: 1 },
  ]) {
    t.throws(() => decodeRequest(Buffer.from(JSON.stringify(value))), {
      code: "REQUEST_MALFORMED",
      message: "the run request lacks a field",
    });
  }
});

test("a request is found on the kernel's command line", (t) => {
  const found = findStandalone("console=ttyS0 quiet docteur.run=eyJ9_- tail\n");
  t.like(found, { request: "eyJ9_-", disk: undefined, hasNetwork: false });
  t.is(findStandalone("console=ttyS0 xdocteur.run=no docteur.runs=no ip=dhcp\n"), undefined);
});

test("the disk of a program and the network are found on the kernel's command line", (t) => {
  const found = findStandalone("console=ttyS0 docteur.program=/dev/vdc ip=dhcp\n");
  t.like(found, { request: undefined, disk: "/dev/vdc", hasNetwork: true });
});
