import test from "ava";
import fc from "fast-check";
import { Metrics } from "../../../vm/front/metrics.ts";

const RECORD = {
  method: "GET",
  target: "/",
  version: "1.1",
  status: 200,
  bytes: 10,
  seconds: 0.02,
  isCutShort: false,
};

const metrics = (machines: Record<string, number> = {}) => new Metrics(() => ({ machines }));

const SAMPLE = /^([a-z_]+)(?:\{([a-z]+)="((?:[^"\\\n]|\\[\\n"])*)"\})? ([\d.e+-]+|\+Inf)$/;

/** The samples of a text, by name and label; throws where the text has not the format. */
function samplesOf(text: string): Map<string, number> {
  const samples = new Map<string, number>();
  let current = "";
  const seen = new Set<string>();
  if (!text.endsWith("\n")) throw new Error("no line feed at the end");
  for (const line of text.slice(0, -1).split("\n")) {
    const [, helped] = /^# HELP ([a-z_]+) [A-Z].*\.$/.exec(line) ?? [];
    if (helped !== undefined) {
      if (seen.has(helped)) throw new Error(`${helped} comes twice`);
      seen.add(helped);
      current = helped;
      continue;
    }
    const [, typed, type] = /^# TYPE ([a-z_]+) (counter|gauge|histogram)$/.exec(line) ?? [];
    if (typed !== undefined) {
      if (typed !== current || (type === "counter") !== typed.endsWith("_total")) throw new Error(line);
      continue;
    }
    const [, name, label, value, number] = SAMPLE.exec(line) ?? [];
    if (name === undefined || name.replace(/_(?:bucket|sum|count)$/, "") !== current.replace(/_count$/, "")) {
      if (name !== current) throw new Error(`not a sample: ${line}`);
    }
    const key = label === undefined ? name! : `${name} ${label}=${value}`;
    if (samples.has(key)) throw new Error(`${key} comes twice`);
    samples.set(key, Number(number));
  }
  return samples;
}

test("responses are counted by status, with their bytes and durations", (t) => {
  const counted = metrics();
  counted.record(RECORD);
  counted.record({ ...RECORD, seconds: 0.001 });
  counted.record({ ...RECORD, status: 404, bytes: 5, seconds: 60, isCutShort: true });
  const samples = samplesOf(counted.text());
  t.is(samples.get("docteur_requests_total status=200"), 2);
  t.is(samples.get("docteur_requests_total status=404"), 1);
  t.is(samples.get("docteur_response_bytes_total"), 25);
  t.is(samples.get("docteur_responses_cut_short_total"), 1);
  const name = "docteur_request_duration_seconds";
  const buckets = [...samples].filter(([key]) => key.startsWith(`${name}_bucket`));
  t.deepEqual(
    buckets.map(([key, count]) => [key.split("le=")[1], count]),
    [
      ["0.001", 1],
      ["0.0025", 1],
      ["0.005", 1],
      ["0.01", 1],
      ["0.025", 2],
      ["0.05", 2],
      ["0.1", 2],
      ["0.25", 2],
      ["0.5", 2],
      ["1", 2],
      ["2.5", 2],
      ["5", 2],
      ["10", 2],
      ["+Inf", 3],
    ],
  );
  t.is(samples.get(`${name}_count`), 3);
  t.is(samples.get(`${name}_sum`), 60.021);
});

test("connections, restarts and images are counted, and machines read", (t) => {
  const counted = metrics({ ready: 2, draining: 1, starting: 0 });
  for (let i = 0; i < 3; i++) counted.connectionOpened();
  counted.connectionClosed();
  counted.restarted();
  counted.swapped();
  counted.swapped();
  counted.refused();
  const samples = samplesOf(counted.text());
  for (const [key, value] of [
    ["docteur_connections", 2],
    ["docteur_connections_total", 3],
    ["docteur_machine_restarts_total", 1],
    ["docteur_image_swaps_total", 2],
    ["docteur_image_refused_total", 1],
    ["docteur_machines state=ready", 2],
    ["docteur_machines state=draining", 1],
    ["docteur_machines state=starting", 0],
  ] as const) {
    t.is(samples.get(key), value, key);
  }
});

test("the commit and the lines that the log has dropped are there if they are known", (t) => {
  const text = metrics().text();
  t.notRegex(text, /image_info|lines_dropped/);
  const known = new Metrics(() => ({ machines: {}, commit: "a".repeat(40), logLinesDropped: 7 }));
  const samples = samplesOf(known.text());
  t.is(samples.get(`docteur_image_info commit=${"a".repeat(40)}`), 1);
  t.is(samples.get("docteur_access_log_lines_dropped_total"), 7);
});

test("the process's own metrics are plausible", (t) => {
  const samples = samplesOf(metrics().text());
  t.true(samples.get("process_resident_memory_bytes")! > 10e6);
  t.true(samples.get("process_open_fds")! > 3);
  t.true(samples.get("process_max_fds")! > samples.get("process_open_fds")!);
  t.true(samples.get("process_cpu_seconds_total")! > 0);
  const started = samples.get("process_start_time_seconds")!;
  t.true(started > 1.7e9 && started <= Date.now() / 1000);
});

test("a label may be any text", (t) => {
  const text = new Metrics(() => ({ machines: {}, commit: 'a"b\\c\nd' })).text();
  t.true(text.includes('docteur_image_info{commit="a\\"b\\\\c\\nd"} 1\n'));
  samplesOf(text);
});

test("whatever a guest says, the text is short and well-formed, and counters do not fall", (t) => {
  const counted = metrics();
  const number = fc.oneof(fc.double(), fc.integer(), fc.maxSafeInteger());
  const record = fc.record({
    method: fc.string(),
    target: fc.string(),
    version: fc.string(),
    status: number,
    bytes: number,
    seconds: number,
    isCutShort: fc.boolean(),
  });
  let before = samplesOf(counted.text());
  fc.assert(
    fc.property(record, (each) => {
      counted.record(each);
      const after = samplesOf(counted.text());
      for (const [key, value] of before)
        if (/_(?:total|bucket|sum|count)/.test(key)) t.true(after.get(key)! >= value);
      before = after;
    }),
  );
  for (let status = -1000; status < 2000; status++) counted.record({ ...RECORD, status });
  const statuses = [...samplesOf(counted.text()).keys()].filter((key) =>
    key.startsWith("docteur_requests_total"),
  );
  t.is(statuses.length, 501);
  t.true(statuses.includes("docteur_requests_total status=other"));
  t.true(counted.text().length < 64 * 1024);
});
