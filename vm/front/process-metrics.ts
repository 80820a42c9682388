import { descriptorLimit, openDescriptors } from "./descriptors.ts";
import type { PrometheusText } from "./prometheus-text.ts";

/** Seconds since 1970. */
const STARTED = Date.now() / 1000 - process.uptime();

/**
 * Writes the metrics of this process that Prometheus's client libraries write
 * (https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics).
 */
export function processMetrics(text: PrometheusText): void {
  const { user, system } = process.cpuUsage();
  text.metric(
    "process_cpu_seconds_total",
    "counter",
    "CPU time of the host process, without that of the machines.",
    (user + system) / 1e6,
  );
  text.metric(
    "process_resident_memory_bytes",
    "gauge",
    "Resident memory of the host process.",
    process.memoryUsage.rss(),
  );
  text.metric("process_start_time_seconds", "gauge", "When the host process started, since 1970.", STARTED);
  const descriptors = openDescriptors();
  if (descriptors !== undefined) {
    text.metric("process_open_fds", "gauge", "Descriptors that the host process has open.", descriptors);
  }
  text.metric("process_max_fds", "gauge", "Descriptors that it may have open.", descriptorLimit());
}
