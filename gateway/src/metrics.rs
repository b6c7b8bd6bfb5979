//! Counts and times, in the text format of Prometheus.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::answer::Decision;

/// Upper ends of the buckets for the time that the gateway itself takes, in microseconds.
const BUCKETS: [u64; 10] = [25, 50, 100, 200, 400, 800, 1_600, 6_400, 25_600, 102_400];

/// What the gateway counts.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    decisions: [AtomicU64; Decision::ALL.len()],
    scanned_bytes: AtomicU64,
    refused: AtomicU64,
    buckets: [AtomicU64; BUCKETS.len()],
    time_us: AtomicU64,
    timed: AtomicU64,
}

/// What the record and the alerts count.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct AuditMetrics {
    pub(crate) broken: bool,
    pub(crate) waiting: usize,
    pub(crate) alerts_dropped: u64,
}

impl Metrics {
    pub(crate) fn decided(&self, decision: Decision) {
        let at = Decision::ALL.iter().position(|d| *d == decision).expect("all decisions are listed");
        self.decisions[at].fetch_add(1, Ordering::Relaxed);
    }

    /// Bytes of messages that were judged.
    pub(crate) fn scanned(&self, bytes: usize) {
        self.scanned_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// A request that was refused before it was read as a message.
    pub(crate) fn refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    /// The time that the gateway took for a request and its answer, without the backend's.
    pub(crate) fn took(&self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        if let Some(bucket) = BUCKETS.iter().position(|end| micros <= *end) {
            self.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        }
        self.time_us.fetch_add(micros, Ordering::Relaxed);
        self.timed.fetch_add(1, Ordering::Relaxed);
    }

    /// All of it as text, with the numbers that others keep.
    pub(crate) fn text(
        &self,
        sessions: usize,
        streams: usize,
        backends: &[(String, bool)],
        audit: AuditMetrics,
    ) -> String {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let mut out = String::new();
        let mut line = |text: std::fmt::Arguments<'_>| {
            out.write_fmt(text).expect("a string takes all text");
            out.push('\n');
        };
        line(format_args!("# HELP hypersieve_decisions_total What was decided about messages."));
        line(format_args!("# TYPE hypersieve_decisions_total counter"));
        for (decision, count) in Decision::ALL.iter().zip(&self.decisions) {
            line(format_args!(
                "hypersieve_decisions_total{{decision=\"{}\"}} {}",
                decision.name(),
                get(count)
            ));
        }
        for (name, help, kind, value) in [
            (
                "refused_requests_total",
                "Requests refused before they were read.",
                "counter",
                get(&self.refused),
            ),
            (
                "scanned_bytes_total",
                "Bytes of messages that were scanned.",
                "counter",
                get(&self.scanned_bytes),
            ),
            ("sessions", "MCP sessions that are open.", "gauge", sessions as u64),
            ("streams", "Streams of events that are open.", "gauge", streams as u64),
            ("audit_broken", "Whether records can't be written now.", "gauge", u64::from(audit.broken)),
            ("audit_waiting", "Records that wait to be written.", "gauge", audit.waiting as u64),
            ("alerts_dropped_total", "Alerts that no webhook took.", "counter", audit.alerts_dropped),
        ] {
            line(format_args!("# HELP hypersieve_{name} {help}"));
            line(format_args!("# TYPE hypersieve_{name} {kind}"));
            line(format_args!("hypersieve_{name} {value}"));
        }
        line(format_args!("# HELP hypersieve_backend_up Whether the last try to reach a backend worked."));
        line(format_args!("# TYPE hypersieve_backend_up gauge"));
        for (name, up) in backends {
            line(format_args!("hypersieve_backend_up{{backend=\"{name}\"}} {}", u8::from(*up)));
        }
        line(format_args!(
            "# HELP hypersieve_gateway_seconds Time the gateway itself took for a request and its answer."
        ));
        line(format_args!("# TYPE hypersieve_gateway_seconds histogram"));
        let mut sum = 0;
        for (end, count) in BUCKETS.iter().zip(&self.buckets) {
            sum += get(count);
            let seconds = Duration::from_micros(*end).as_secs_f64();
            line(format_args!("hypersieve_gateway_seconds_bucket{{le=\"{seconds}\"}} {sum}"));
        }
        let total = Duration::from_micros(get(&self.time_us)).as_secs_f64();
        line(format_args!("hypersieve_gateway_seconds_bucket{{le=\"+Inf\"}} {}", get(&self.timed)));
        line(format_args!("hypersieve_gateway_seconds_sum {total}"));
        line(format_args!("hypersieve_gateway_seconds_count {}", get(&self.timed)));
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_told() {
        let metrics = Metrics::default();
        metrics.decided(Decision::Blocked);
        metrics.took(Duration::from_micros(30));
        metrics.took(Duration::from_secs(9));
        let text = metrics.text(
            3,
            1,
            &[("files".into(), true)],
            AuditMetrics { waiting: 7, ..AuditMetrics::default() },
        );
        for line in [
            "hypersieve_decisions_total{decision=\"content_blocked\"} 1",
            "hypersieve_sessions 3",
            "hypersieve_audit_waiting 7",
            "hypersieve_backend_up{backend=\"files\"} 1",
            "hypersieve_gateway_seconds_bucket{le=\"0.000025\"} 0",
            "hypersieve_gateway_seconds_bucket{le=\"0.00005\"} 1",
            "hypersieve_gateway_seconds_bucket{le=\"0.1024\"} 1",
            "hypersieve_gateway_seconds_bucket{le=\"+Inf\"} 2",
        ] {
            assert!(text.lines().any(|l| l == line), "{line}\n{text}");
        }
    }
}
