import { Duplex } from "node:stream";
import test from "ava";
import { Qmp } from "../../../vm/qemu/qmp.ts";
import { leaveMemoryAside, readState, writeState } from "../../../vm/template/migration.ts";

interface Asked {
  readonly execute: string;
  readonly arguments?: { readonly uri?: string; readonly capabilities?: readonly { capability: string }[] };
}

/** Stands in for a QEMU: `answer` gives what it returns, or throws the reason why it refuses. */
class Monitor extends Duplex {
  readonly asked: string[] = [];
  readonly #answer: (asked: Asked) => unknown;

  constructor(answer: (asked: Asked) => unknown) {
    super();
    this.#answer = answer;
  }

  override _read(): void {}

  override _write(piece: Buffer, _encoding: string, done: () => void): void {
    for (const line of String(piece).trim().split("\n")) {
      const asked: Asked = JSON.parse(line);
      const [capability] = asked.arguments?.capabilities ?? [];
      this.asked.push([asked.execute, asked.arguments?.uri ?? capability?.capability].join(" ").trim());
      let reply: object;
      try {
        reply = { return: this.#answer(asked) ?? {} };
      } catch (error) {
        reply = { error: { desc: (error as Error).message } };
      }
      this.push(`${JSON.stringify(reply)}\r\n`);
    }
    done();
  }
}

/**
 * QEMUs, by the ways of handing over a file that they know, and the name that they have for leaving memory
 * aside.
 */
const qemus = {
  "7.2": { ways: ["fd", "exec"], capability: "x-ignore-shared" },
  "8.2": { ways: ["file", "fd", "exec"], capability: "x-ignore-shared" },
  "11": { ways: ["file", "exec"], capability: "x-ignore-shared" },
  "one to come": { ways: ["file"], capability: "ignore-shared" },
};

for (const [version, { ways, capability }] of Object.entries(qemus)) {
  const monitor = (progress: readonly object[] = []) => {
    const left = [...progress];
    let isIncoming = false;
    return new Monitor(({ execute, arguments: { uri = "", capabilities } = {} }) => {
      if (execute === "query-migrate") return left.shift();
      if (execute === "migrate-set-capabilities") {
        if (capabilities![0]!.capability !== capability) throw new Error("no such capability");
        return undefined;
      }
      if (!ways.includes(uri.split(":")[0]!)) throw new Error(`unknown protocol: ${uri}`);
      if (execute === "migrate-incoming" && isIncoming) throw new Error("it has been started already");
      isIncoming = true;
      return undefined;
    });
  };

  test(`QEMU ${version} reads a state, and leaves memory where it is`, async (t) => {
    const qemu = monitor();
    const qmp = new Qmp(qemu);
    await t.notThrowsAsync(Promise.all([leaveMemoryAside(qmp), readState(qmp)]));
    // Nothing waits for an answer: that would make each start longer.
    t.is(qemu.asked.length, 4);
  });

  test(`QEMU ${version} writes a state once, and waits for the end`, async (t) => {
    const qemu = monitor([{ status: "setup" }, { status: "active" }, { status: "completed" }]);
    await writeState(new Qmp(qemu), "/a folder/state");
    const tried = ways.includes("file")
      ? ["migrate file:/proc/self/fd/5"]
      : ["migrate file:/proc/self/fd/5", "migrate exec:cat > '/a folder/state'"];
    t.deepEqual(qemu.asked, [...tried, "query-migrate", "query-migrate", "query-migrate"]);
  });

  test(`QEMU ${version} that cannot write a state fails with its reason`, async (t) => {
    const qemu = monitor([{ status: "failed", "error-desc": "no space" }]);
    await t.throwsAsync(writeState(new Qmp(qemu), "state"), {
      code: "MIGRATION_FAILED",
      message: "QEMU cannot write the machine's state: no space",
    });
  });
}

test("a QEMU that knows no way is unsupported, and one that has ended is gone", async (t) => {
  const refusing = () => {
    throw new Error("no");
  };
  await t.throwsAsync(readState(new Qmp(new Monitor(refusing))), {
    code: "TEMPLATE_UNSUPPORTED",
    message:
      "this QEMU cannot read a machine's state from a file: QEMU refuses migrate-incoming: no; QEMU refuses migrate-incoming: no",
  });
  await t.throwsAsync(writeState(new Qmp(new Monitor(refusing)), "state"), { code: "TEMPLATE_UNSUPPORTED" });
  const gone = new Monitor(refusing);
  gone.push(null);
  await t.throwsAsync(readState(new Qmp(gone)), { code: "QEMU_GONE" });
});
