//! A row as a line for people.

use anstyle::{AnsiColor, Style};
use hypersieve_gateway::audit::{Kind, Row};

use crate::console::Paint;
use crate::visible::visible;

/// The row as one line. What it quotes may come from anybody.
pub(super) fn line(row: &Row, paint: Paint) -> String {
    let entry = &row.entry;
    let verdict = entry.verdict.filter(|_| entry.kind == Kind::Decision).unwrap_or(entry.kind.name());
    let mut words = vec![
        paint.dim(format!("{:>6}  {}", row.id, entry.time)),
        paint.paint(style(entry.kind, verdict), format!("{verdict:<20}")),
        visible(entry.agent.as_deref().unwrap_or("-")),
    ];
    match (&entry.backend, &entry.tool) {
        (Some(backend), Some(tool)) => words.push(visible(&format!("{backend}/{tool}"))),
        (Some(backend), None) => words.push(visible(backend)),
        (None, Some(tool)) => words.push(visible(tool)),
        (None, None) => {}
    }
    words.extend(entry.method.as_deref().filter(|_| entry.tool.is_none()).map(visible));
    if entry.kind == Kind::Decision && verdict != "allow" {
        words.extend(entry.direction.map(|direction| format!("in the {direction}")));
        words.extend((!entry.stopped).then(|| "passed".to_string()));
    }
    if !entry.rules.is_empty() {
        words.push(visible(&format!("[{}]", entry.rules.join(" "))));
    }
    words.extend(entry.item.as_deref().map(visible));
    words.extend(entry.by.as_deref().map(|by| visible(&format!("by {by}"))));
    words.extend(entry.detail.as_deref().map(|detail| visible(&format!("({detail})"))));
    words.extend(entry.total_us.map(|us| paint.dim(took(us))));
    words.join("  ")
}

fn style(kind: Kind, verdict: &str) -> Style {
    let colour = match (kind, verdict) {
        (Kind::Approved | Kind::Used, _) | (_, "allow" | "quarantine_approved") => AnsiColor::Green,
        (Kind::Started | Kind::Ended, _) => AnsiColor::Cyan,
        (Kind::Held, _) | (_, "content_flagged" | "content_quarantined") => AnsiColor::Yellow,
        _ => AnsiColor::Red,
    };
    colour.on_default()
}

/// Microseconds in the unit in which people read them.
fn took(us: i64) -> String {
    match us {
        ..1_000 => format!("{us} us"),
        1_000..1_000_000 => format!("{}.{} ms", us / 1_000, us / 100 % 10),
        _ => format!("{}.{} s", us / 1_000_000, us / 100_000 % 10),
    }
}

#[cfg(test)]
mod tests {
    use hypersieve_gateway::audit::{Entry, Time};

    use super::*;

    #[test]
    fn a_line_says_it_all() {
        let entry = Entry {
            time: Time(0),
            agent: Some("co\x1bder".into()),
            backend: Some("files".into()),
            tool: Some("write".into()),
            method: Some("tools/call".into()),
            verdict: Some("content_quarantined"),
            stopped: true,
            direction: Some("request"),
            rules: vec!["A".into(), "B".into()],
            item: Some("q-1".into()),
            total_us: Some(1_250),
            ..Entry::default()
        };
        let row = Row { id: 7, entry, previous: [0; 32], hash: [0; 32] };
        assert_eq!(
            line(&row, Paint::plain()),
            "     7  1970-01-01T00:00:00.000000Z  content_quarantined   co\\x1bder  files/write  in the request  [A B]  q-1  1.2 ms"
        );
        assert_eq!([took(999), took(1_000_000)], ["999 us", "1.0 s"]);
    }
}
