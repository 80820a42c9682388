import { Duplex } from "node:stream";
import test from "ava";
import { Qmp } from "../../../vm/qemu/qmp.ts";
import { settle } from "../hostile-channel.ts";

/** A mock QEMU: records the commands, and answers with the given lines. */
class Monitor extends Duplex {
  readonly asked: string[] = [];

  override _read(): void {}

  override _write(piece: Buffer, _encoding: string, done: () => void): void {
    for (const line of String(piece).trim().split("\n")) this.asked.push(JSON.parse(line).execute);
    done();
  }

  say(...replies: readonly object[]): void {
    this.push(replies.map((reply) => `${JSON.stringify(reply)}\r\n`).join(""));
  }
}

test("commands are sent before the first answer arrives", async (t) => {
  const monitor = new Monitor();
  const qmp = new Qmp(monitor);
  const all = Promise.all([qmp.connect(), qmp.execute("first"), qmp.execute("second", { x: 1 })]);
  t.deepEqual(monitor.asked, ["qmp_capabilities", "first", "second"]);
  monitor.say({ QMP: {} }, { return: {} }, { return: 1 }, { event: "BETWEEN" }, { return: 2 });
  t.deepEqual(await all, [undefined, 1, 2]);
});

test("a refused command leaves the next its answer", async (t) => {
  const monitor = new Monitor();
  const qmp = new Qmp(monitor);
  const refused = qmp.execute("first");
  const answered = qmp.execute("second");
  monitor.say({ error: { desc: "no such thing" } }, { return: "yes" });
  await t.throwsAsync(refused, { code: "QEMU_REFUSES", message: "QEMU refuses first: no such thing" });
  t.is(await answered, "yes");
});

test("an answer may arrive in pieces, and the end of the stream is the end of QEMU", async (t) => {
  const monitor = new Monitor();
  const qmp = new Qmp(monitor);
  const answered = qmp.execute("first");
  const never = qmp.execute("second");
  for (const piece of ['{"ret', 'urn": "é', '"}\n']) monitor.push(piece);
  t.is(await answered, "é");
  monitor.push(null);
  await t.throwsAsync(never, { code: "QEMU_GONE" });
  await t.throwsAsync(qmp.execute("third"), { code: "QEMU_GONE" });
});

test("events are read and ignored", async (t) => {
  const monitor = new Monitor();
  const qmp = new Qmp(monitor);
  const event = JSON.stringify({ event: "RTC_CHANGE", data: { offset: 1 } });
  for (let count = 0; count < 1000; count++) monitor.push(`${event}\n`.repeat(100));
  await settle();
  t.is(monitor.readableLength, 0);
  const answered = qmp.execute("first");
  monitor.say({ return: "yes" });
  t.is(await answered, "yes");
});

test("a line without an end, and one that is no JSON, are the end of QEMU", async (t) => {
  const endless = new Monitor();
  const waiting = new Qmp(endless).execute("first");
  for (let count = 0; count < 100; count++) endless.push("x".repeat(64 * 1024));
  await t.throwsAsync(waiting, { code: "QEMU_GONE" });
  t.true(endless.destroyed);
  const senseless = new Monitor();
  const asked = new Qmp(senseless).execute("first");
  senseless.push("nonsense\n");
  await t.throwsAsync(asked, { code: "QEMU_GONE" });
});
