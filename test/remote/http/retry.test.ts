import test from "ava";
import { SourceError } from "../../../reader/source-error.ts";
import { HttpClient } from "../../../remote/http/client.ts";
import { retryAfter, TryAgain, withRetries } from "../../../remote/http/retry.ts";
import { requireStatus } from "../../../remote/http/status.ts";
import { startServer } from "./server.ts";

const reason = new SourceError("SOURCE_UNREACHABLE", "x: is away");
const again = (wait = 0, limit?: number) =>
  new TryAgain(reason, { wait, ...(limit !== undefined && { limit }) });

function options(deadline = 600) {
  return { display: "x", deadline, signals: [] as AbortSignal[] };
}

test("attempts are made until one succeeds, and each failure is reported", async (t) => {
  const lines: string[] = [];
  const result = await withRetries(
    { ...options(), detail: (line) => lines.push(line) },
    async (_, number) => {
      if (number < 4) throw again();
      return number;
    },
  );
  t.is(result, 4);
  t.deepEqual(
    lines.map((line) => /x: is away \(attempt (\d), the next one in 0.0 s\)/.exec(line)?.[1]),
    ["1", "2", "3"],
  );
});

test("the reason is thrown when the attempts are used up, those of the failure or those of the caller", async (t) => {
  for (const [own, limit] of [
    [3, undefined],
    [undefined, 3],
    [9, 3],
  ] as const) {
    let made = 0;
    const work = withRetries({ ...options(), limit }, () => {
      made++;
      throw again(0, own);
    });
    t.is(await t.throwsAsync(work), reason);
    t.is(made, 3);
  }
});

test("the reason is thrown at once when the next attempt would come after the deadline", async (t) => {
  let made = 0;
  const work = withRetries(options(600), () => {
    made++;
    throw again(601_000);
  });
  t.is(await t.throwsAsync(work), reason);
  t.is(made, 1);
});

test("an attempt ends with the deadline, and the error says what failed before", async (t) => {
  const work = withRetries(options(2), async (signal, number) => {
    if (number === 1) throw again();
    await new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("cut"))));
  });
  const error = await t.throwsAsync(work, { instanceOf: SourceError });
  t.is(error?.code, "SOURCE_TIMEOUT");
  t.is(error?.message, "x: no whole answer within 2 s; before that, is away: try again later");
  const silent = new SourceError("SOURCE_TIMEOUT", "x: sends nothing: try again later");
  const silence = withRetries(options(1), async (signal, number) => {
    if (number === 1) throw new TryAgain(silent, { wait: 0 });
    await new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("cut"))));
  });
  const twice = await t.throwsAsync(silence, { instanceOf: SourceError });
  t.is(twice?.message, "x: no whole answer within 1 s; before that, sends nothing: try again later");
});

test("a signal ends the attempt, the wait, and what has not begun, with its reason", async (t) => {
  const cause = new Error("enough");
  const during = new AbortController();
  const attempt = withRetries({ ...options(), signals: [during.signal] }, async (signal) => {
    setImmediate(() => during.abort(cause));
    await new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("cut"))));
  });
  t.is(await t.throwsAsync(attempt), cause);
  const waiting = new AbortController();
  const wait = withRetries(
    { ...options(), signals: [waiting.signal], detail: () => waiting.abort(cause) },
    () => {
      throw again(300_000);
    },
  );
  t.is(await t.throwsAsync(wait), cause);
  let made = 0;
  const early = withRetries({ ...options(), signals: [AbortSignal.abort(cause)] }, async () => made++);
  t.is(await t.throwsAsync(early), cause);
  t.is(made, 0);
});

test("other errors are not tried again", async (t) => {
  let made = 0;
  const work = withRetries(options(), () => {
    made++;
    throw new TypeError("a defect");
  });
  await t.throwsAsync(work, { instanceOf: TypeError });
  t.is(made, 1);
});

test("Retry-After has seconds or a date", (t) => {
  const now = Date.parse("2026-01-01T00:00:00Z");
  t.is(retryAfter("120"), 120_000);
  t.is(retryAfter("0"), 0);
  t.is(retryAfter("Thu, 01 Jan 2026 00:00:05 GMT", now), 5000);
  t.is(retryAfter("Thu, 01 Jan 2025 00:00:05 GMT", now), 0);
  for (const text of [undefined, "", "soon", "-1", "99999999999999"])
    t.is(retryAfter(text, now), undefined, text);
});

test("a server that asks to be asked again at once waits as any other that fails", async (t) => {
  let count = 0;
  const { origin } = await startServer(t, (_, response) => {
    count++;
    response.writeHead(503, { "retry-after": count % 2 ? "0" : "Thu, 01 Jan 2015 00:00:00 GMT" }).end();
  });
  await using client = new HttpClient({ env: {}, deadline: 1.5 });
  const asked = client.exchange({ url: new URL(origin), display: "there" }, async (answer) =>
    requireStatus(answer, [206]),
  );
  const error = await t.throwsAsync(asked, { code: "SOURCE_UNREACHABLE" });
  t.regex(error!.message, /try again later$/);
  // 0.05, 0.1, 0.2, 0.4 and 0.8 seconds at least between them.
  t.true(count <= 6, String(count));
});
