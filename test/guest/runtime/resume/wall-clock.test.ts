import test from "ava";
import { type Frame, FrameType } from "../../../../guest/protocol/frame.ts";
import { setClock } from "../../../../guest/runtime/resume/wall-clock.ts";
import type { System } from "../../../../guest/runtime/system.ts";

const OFF_BY = 86_400_000;

/** A guest whose clock is a day behind, and a host that takes so many milliseconds for each answer. */
function apart(t: { context: unknown }, takes: readonly number[]) {
  const now = Date.now;
  const state = { clock: 1_000_000, asked: 0, moved: [] as number[] };
  Date.now = () => state.clock;
  t.context = () => {
    Date.now = now;
  };
  const channel = {
    send: (type: number) => {
      if (type === FrameType.ASK_CLOCK) state.asked++;
    },
    receiveSync(): Frame {
      const half = takes[state.asked - 1]! / 2;
      const payload = Buffer.alloc(8);
      payload.writeDoubleLE(1_000_000 + OFF_BY + elapsed() + half);
      state.clock += 2 * half;
      return { type: FrameType.CLOCK, payload };
    },
  };
  /** What has passed in truth: the guest's clock without what it was moved by. */
  const elapsed = () => state.clock - 1_000_000 - state.moved.reduce((sum, by) => sum + by, 0);
  const system = {
    moveClock(by: number) {
      state.moved.push(by);
      state.clock += by;
    },
  } as unknown as System;
  return { state, channel, system };
}

test.afterEach.always((t) => (t.context as () => void)());

test.serial("a quick answer is proof enough", (t) => {
  const { state, channel, system } = apart(t, [20]);
  setClock(channel, system);
  t.is(state.asked, 1);
  t.deepEqual(state.moved, [OFF_BY]);
});

test.serial("a slow answer is better than none, and asked for again", (t) => {
  const { state, channel, system } = apart(t, [400, 300, 60]);
  setClock(channel, system);
  t.is(state.asked, 3);
  t.deepEqual(state.moved, [OFF_BY, 0]);
});

test.serial("anything but the time is a misunderstanding", (t) => {
  const { channel, system } = apart(t, [0]);
  const mute = { ...channel, receiveSync: () => ({ type: FrameType.STDIN, payload: new Uint8Array(8) }) };
  t.throws(() => setClock(mute, system), { code: "MALFORMED_FRAME" });
});
