//! The table.

use std::fmt::Write;

use crate::Plan;
use crate::measure::{Measured, Path, Round, Row};
use crate::summary::{Latency, median};

/// The run as text.
pub(crate) fn text(plan: &Plan, measured: &Measured) -> String {
    let mut out = format!(
        "{} rounds of {} calls; medians over the rounds; µs. `added` is the time above the direct connection's of the same round.\n\n",
        plan.rounds, plan.calls
    );
    out += "call and answer          connections   path           p50     p99   added p50  added p99\n";
    for row in Row::ALL {
        for path in Path::ALL {
            let of = |pick: fn(Latency) -> f64| {
                let own = over(measured, |round| pick(latency(round, row, path)));
                let added = over(measured, |round| {
                    pick(latency(round, row, path)) - pick(latency(round, row, Path::Direct))
                });
                (own, added)
            };
            let ((p50, added50), (p99, added99)) = (of(|l| l.p50), of(|l| l.p99));
            let (what, connections) = describe(row);
            line(
                &mut out,
                format_args!("{what:<24} {connections:>11}   {:<11} {p50:>6.0}  {p99:>6.0}", name(path)),
            );
            if path != Path::Direct {
                out.pop();
                line(&mut out, format_args!("      {added50:>6.0}     {added99:>6.0}"));
            }
        }
    }
    out += "\n";
    let added = |row, path, pick: fn(Latency) -> f64| {
        over(measured, |round| pick(latency(round, row, path)) - pick(latency(round, row, Path::Direct)))
    };
    for row in [Row::One, Row::Eight] {
        let ratio = added(row, Path::On, |l| l.p50) / added(row, Path::Pass, |l| l.p50);
        let connections = describe(row).1;
        line(
            &mut out,
            format_args!(
                "added p50, gateway over plain proxy, {connections} connection(s): {ratio:.2} times"
            ),
        );
    }
    let large = over(measured, |round| {
        let added = |row| latency(round, row, Path::On).p50 - latency(round, row, Path::Pass).p50;
        added(Row::Large)
    });
    line(&mut out, format_args!("100 KiB answer, p50 above the plain proxy's: {large:.0} µs"));
    out += "\ncalls a second at most, 8 connections, 2 KiB each way\n";
    for path in Path::ALL {
        let rate = over(measured, |round| most(round, path));
        line(&mut out, format_args!("  {:<11} {rate:>8.0}", name(path)));
    }
    let share = over(measured, |round| most(round, Path::On) / most(round, Path::Off));
    line(&mut out, format_args!("  scanning on over off: {:.0} %", share * 100.0));
    let memory = &measured.memory;
    line(
        &mut out,
        format_args!(
            "\nresident memory, MiB: idle {:.1}; {} MCP sessions, each with a call made and its stream open: {:.1}",
            memory.idle, plan.sessions, memory.sessions
        ),
    );
    out
}

fn describe(row: Row) -> (&'static str, u32) {
    match row {
        Row::One => ("2 KiB, 2 KiB", 1),
        Row::Eight => ("2 KiB, 2 KiB", 8),
        Row::Large => ("2 KiB, 100 KiB", 1),
    }
}

fn name(path: Path) -> &'static str {
    match path {
        Path::Direct => "direct",
        Path::Pass => "plain proxy",
        Path::Off => "scan off",
        Path::On => "scan on",
    }
}

fn over(measured: &Measured, figure: impl Fn(&Round) -> f64) -> f64 {
    median(measured.rounds.iter().map(figure))
}

fn latency(round: &Round, row: Row, path: Path) -> Latency {
    let found = round.latencies.iter().find(|(r, p, _)| *r == row && *p == path);
    found.map(|(_, _, latency)| *latency).expect("a round measures every path of every row")
}

fn most(round: &Round, path: Path) -> f64 {
    round.most.iter().find(|(p, _)| *p == path).map(|(_, rate)| *rate).expect("a round measures every path")
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    writeln!(out, "{text}").expect("a string takes everything");
}
