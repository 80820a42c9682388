import test from "ava";
import { encodeClock } from "../../../../guest/protocol/clock.ts";
import { type Frame, FrameType } from "../../../../guest/protocol/frame.ts";
import { setClock } from "../../../../guest/runtime/resume/wall-clock.ts";

const OFF_BY = 86_400_000;

/** A guest whose clock is a day behind, and a host that takes so many milliseconds for each answer. */
function apart(takes: readonly number[]) {
  const state = { clock: 1_000_000, asked: 0, moved: [] as number[] };
  const channel = {
    send: (type: number) => {
      if (type === FrameType.ASK_CLOCK) state.asked++;
    },
    receiveSync(): Frame {
      const half = takes[state.asked - 1]! / 2;
      const payload = encodeClock(1_000_000 + OFF_BY + elapsed() + half);
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
  };
  return { state, channel, system, now: () => state.clock };
}

test("a quick answer sets the clock", (t) => {
  const { state, channel, system, now } = apart([20]);
  setClock(channel, system, now);
  t.is(state.asked, 1);
  t.deepEqual(state.moved, [OFF_BY]);
});

test("a slow answer sets the clock, and the guest asks again", (t) => {
  const { state, channel, system, now } = apart([400, 300, 60]);
  setClock(channel, system, now);
  t.is(state.asked, 3);
  t.deepEqual(state.moved, [OFF_BY, 0]);
});

test("any other frame than CLOCK is refused", (t) => {
  const { channel, system, now } = apart([0]);
  const mute = { ...channel, receiveSync: () => ({ type: FrameType.STDIN, payload: new Uint8Array(8) }) };
  t.throws(() => setClock(mute, system, now), { code: "MALFORMED_FRAME" });
});
