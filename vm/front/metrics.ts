import type { AccessRecord } from "../../guest/protocol/streams/access-record.ts";
import { validCount, validSeconds, validStatus } from "./access-record.ts";
import { processMetrics } from "./process-metrics.ts";
import { Histogram, PrometheusText } from "./prometheus-text.ts";

/** Seconds. From an answer out of a cache to a client that reads slowly. */
const DURATIONS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** What is asked for when metrics are read. */
export interface Fleet {
  /** Machines by their state. The states are few, and always the same ones: one that has no machine is 0. */
  readonly machines: Readonly<Record<string, number>>;
  /** The commit that new connections get. */
  readonly commit?: string | undefined;
  /** Lines that the access log has dropped; undefined without such a log. */
  readonly logLinesDropped?: number | undefined;
}

/** Counts what happens while a site is served, and writes it for Prometheus. */
export class Metrics {
  readonly #read: () => Fleet;
  /** By status; the number of them is bounded, whatever the guest says. */
  readonly #requests = new Map<string, number>();
  readonly #durations = new Histogram(DURATIONS);
  #bytes = 0;
  #cutShort = 0;
  #opened = 0;
  #closed = 0;
  #restarts = 0;
  #swaps = 0;
  #refusals = 0;

  /** @param read is called each time that the text is written. */
  constructor(read: () => Fleet) {
    this.#read = read;
  }

  /** Counts a response. */
  record({ status, bytes, seconds, isCutShort }: AccessRecord): void {
    const label = String(validStatus(status) ?? "other");
    this.#requests.set(label, (this.#requests.get(label) ?? 0) + 1);
    this.#bytes += validCount(bytes);
    this.#durations.observe(validSeconds(seconds));
    if (isCutShort) this.#cutShort++;
  }

  connectionOpened(): void {
    this.#opened++;
  }

  connectionClosed(): void {
    this.#closed++;
  }

  /** Counts a machine that replaces one that has died. */
  restarted(): void {
    this.#restarts++;
  }

  /** Counts an image that has replaced another. */
  swapped(): void {
    this.#swaps++;
  }

  /** Counts an image that was damaged, or of another commit than the one asked for. */
  refused(): void {
    this.#refusals++;
  }

  /** All metrics, in Prometheus's text format. */
  text(): string {
    const { machines, commit, logLinesDropped } = this.#read();
    const text = new PrometheusText();
    const statuses = [...this.#requests].sort(([one], [other]) => (one < other ? -1 : 1));
    text.metric(
      "docteur_requests_total",
      "counter",
      "Requests that were answered, by the status of the response.",
      statuses.map(([status, count]) => [{ status }, count] as const),
    );
    text.metric("docteur_response_bytes_total", "counter", "Bytes of content that were sent.", this.#bytes);
    text.metric(
      "docteur_responses_cut_short_total",
      "counter",
      "Responses whose connection ended before they did.",
      this.#cutShort,
    );
    text.histogram(
      "docteur_request_duration_seconds",
      "Time from a request to the end of its response.",
      this.#durations,
    );
    text.metric(
      "docteur_connections",
      "gauge",
      "Connections of clients that are open.",
      this.#opened - this.#closed,
    );
    text.metric(
      "docteur_connections_total",
      "counter",
      "Connections of clients that were accepted.",
      this.#opened,
    );
    text.metric(
      "docteur_machines",
      "gauge",
      "Machines, by their state.",
      Object.entries(machines).map(([state, count]) => [{ state }, count] as const),
    );
    text.metric(
      "docteur_machine_restarts_total",
      "counter",
      "Machines that replaced one that had died.",
      this.#restarts,
    );
    text.metric("docteur_image_swaps_total", "counter", "Images that replaced another.", this.#swaps);
    text.metric(
      "docteur_image_refused_total",
      "counter",
      "Images that were damaged or of another commit, and not served.",
      this.#refusals,
    );
    if (commit !== undefined) {
      text.metric("docteur_image_info", "gauge", "The image that new connections get.", [[{ commit }, 1]]);
    }
    if (logLinesDropped !== undefined) {
      text.metric(
        "docteur_access_log_lines_dropped_total",
        "counter",
        "Lines of the access log that were dropped.",
        logLinesDropped,
      );
    }
    processMetrics(text);
    return text.toString();
  }
}
