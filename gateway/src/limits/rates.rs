//! Rates of agents, and how many of their calls are open at once.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::config::Rate;

/// The calls of all agents within their windows, and those that are open.
///
/// Times are those of the monotonic clock, which no correction of the day's time changes.
#[derive(Debug, Default)]
pub(crate) struct Rates {
    agents: Mutex<HashMap<String, Calls>>,
}

#[derive(Debug, Default)]
struct Calls {
    /// When the calls within the window were made, oldest first.
    made: VecDeque<Instant>,
    open: usize,
}

/// Why a call is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TooMany {
    /// There is room for another one after this time.
    InWindow(Duration),
    /// As many as may be are open.
    Open,
}

/// Counts a call as open until it is dropped.
#[derive(Debug)]
pub(crate) struct OpenCall {
    rates: Arc<Rates>,
    agent: String,
}

impl Rates {
    /// Counts a call of an agent at `now`, unless it is one too many. A refused call does not count.
    ///
    /// # Errors
    /// If as many calls as may be were made within the window before `now`, or are open.
    pub(crate) fn admit(
        self: &Arc<Rates>,
        agent: &str,
        rate: Option<Rate>,
        most_open: Option<usize>,
        now: Instant,
    ) -> Result<OpenCall, TooMany> {
        let mut agents = self.lock();
        if !agents.contains_key(agent) {
            agents.insert(agent.to_string(), Calls::default());
        }
        let calls = agents.get_mut(agent).expect("it was put there if it was not");
        if most_open.is_some_and(|most| calls.open >= most) {
            return Err(TooMany::Open);
        }
        if let Some(rate) = rate {
            // A call counts for a window's length, and at its very end no more.
            while calls.made.front().is_some_and(|made| now.duration_since(*made) >= rate.window) {
                calls.made.pop_front();
            }
            // After a reload that lowers the rate there may be more than it allows.
            if let Some(over) = calls.made.len().checked_sub(rate.calls) {
                return Err(TooMany::InWindow(rate.window - now.duration_since(calls.made[over])));
            }
            calls.made.push_back(now);
        }
        calls.open += 1;
        Ok(OpenCall { rates: self.clone(), agent: agent.to_string() })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Calls>> {
        self.agents.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for OpenCall {
    fn drop(&mut self) {
        if let Some(calls) = self.rates.lock().get_mut(&self.agent) {
            calls.open -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Option<Rate> = Some(Rate { calls: 3, window: Duration::from_secs(60) });

    #[test]
    fn the_window_slides() {
        let rates = Arc::new(Rates::default());
        let start = Instant::now();
        let at = |millis: u64| rates.admit("a", RATE, None, start + Duration::from_millis(millis)).map(drop);
        let wait = |millis: u64| Err(TooMany::InWindow(Duration::from_millis(millis)));
        assert_eq!((at(0), at(30_000), at(59_000)), (Ok(()), Ok(()), Ok(())));
        assert_eq!(at(59_999), wait(1), "one full window has three");
        assert_eq!(at(60_000), Ok(()), "the first one is a window old");
        assert_eq!(at(60_000), wait(30_000), "two at the edge are not let in for one that left");
        assert_eq!(at(89_999), wait(1), "what is refused does not count");
        assert_eq!(at(90_000), Ok(()));
        assert_eq!(at(118_999), wait(1));
        assert_eq!((at(300_000), at(300_000), at(300_000)), (Ok(()), Ok(()), Ok(())));
        assert_eq!(at(300_000), wait(60_000));
    }

    #[test]
    fn agents_do_not_use_up_each_others_calls() {
        let rates = Arc::new(Rates::default());
        let now = Instant::now();
        for agent in ["a", "b"] {
            for _ in 0..3 {
                assert!(rates.admit(agent, RATE, None, now).is_ok());
            }
            assert!(rates.admit(agent, RATE, None, now).is_err());
        }
        assert!(rates.admit("c", None, None, now).is_ok());
    }

    #[test]
    fn a_lower_rate_holds_for_calls_that_were_made_before() {
        let rates = Arc::new(Rates::default());
        let start = Instant::now();
        for second in 0..3 {
            assert!(rates.admit("a", RATE, None, start + Duration::from_secs(second)).is_ok());
        }
        let lower = Some(Rate { calls: 1, window: Duration::from_secs(60) });
        let at = |second| rates.admit("a", lower, None, start + Duration::from_secs(second)).map(drop);
        assert_eq!(at(10), Err(TooMany::InWindow(Duration::from_secs(52))), "the last one leaves at 62 s");
        assert_eq!(at(62), Ok(()));
    }

    #[test]
    fn open_calls_are_counted_until_they_end() {
        let rates = Arc::new(Rates::default());
        let now = Instant::now();
        let first = rates.admit("a", None, Some(2), now).unwrap();
        let _second = rates.admit("a", None, Some(2), now).unwrap();
        assert_eq!(rates.admit("a", RATE, Some(2), now).unwrap_err(), TooMany::Open);
        assert!(rates.admit("b", None, Some(2), now).is_ok());
        drop(first);
        assert!(rates.admit("a", RATE, Some(2), now).is_ok());
    }
}
