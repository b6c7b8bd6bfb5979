//! Rates of agents, and amounts and rates of single tools.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_saphyr::Spanned;

use super::ConfigError;
use super::file;
use super::load::Loader;
use crate::limits::Amount;

/// How many calls may be made in any time of this length: the window slides, it does not begin anew at full hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// The most calls in a window; at least 1.
    pub calls: usize,
    /// How long a call counts.
    pub window: Duration,
}

/// What one agent may do with one tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolPolicy {
    /// The most in one call.
    pub max_amount: Option<Amount>,
    /// The most in one day; days begin at midnight UTC.
    pub daily_limit: Option<Amount>,
    /// A call of more than this waits for a person.
    pub require_approval_above: Option<Amount>,
    /// How many calls may be made.
    pub rate_limit: Option<Rate>,
    /// The keys that lead to the amount in the arguments; without any, an argument of a usual name is looked for.
    pub amount_argument: Option<Vec<String>>,
    /// The currency of all amounts, three capital letters.
    pub currency: String,
}

/// The most calls that a window may hold: each takes a place in memory or a row.
const MOST_CALLS: i64 = 100_000;

const HOUR: Duration = Duration::from_secs(3600);

impl Default for ToolPolicy {
    fn default() -> ToolPolicy {
        ToolPolicy {
            max_amount: None,
            daily_limit: None,
            require_approval_above: None,
            rate_limit: None,
            amount_argument: None,
            currency: "USD".into(),
        }
    }
}

impl ToolPolicy {
    /// Whether a call must say what it spends.
    pub(crate) fn has_amounts(&self) -> bool {
        self.max_amount.is_some() || self.daily_limit.is_some() || self.require_approval_above.is_some()
    }

    /// Whether anything is counted that must outlive the gateway.
    pub(crate) fn counts(&self) -> bool {
        self.daily_limit.is_some() || self.rate_limit.is_some()
    }

    /// Both policies in one, where two names mean the same tool.
    pub(crate) fn and(self, other: &ToolPolicy) -> ToolPolicy {
        fn least<T: Copy + Ord>(a: Option<T>, b: Option<T>) -> Option<T> {
            a.into_iter().chain(b).min()
        }
        let rate = self.rate_limit.into_iter().chain(other.rate_limit).min_by_key(|rate| rate.calls);
        ToolPolicy {
            max_amount: least(self.max_amount, other.max_amount),
            daily_limit: least(self.daily_limit, other.daily_limit),
            require_approval_above: least(self.require_approval_above, other.require_approval_above),
            rate_limit: rate,
            amount_argument: self.amount_argument.or_else(|| other.amount_argument.clone()),
            currency: self.currency,
        }
    }
}

impl Loader<'_> {
    /// The rate of agents that have none of their own.
    pub(super) fn rate_limit(&mut self, rate: Option<&file::RateLimit>) -> Result<Option<Rate>, ConfigError> {
        let Some(rate) = rate else { return Ok(None) };
        self.warn("rate_limit.", rate.inert());
        let Some(calls) = &rate.per_agent else { return Ok(None) };
        self.rate("rate_limit.per_agent", calls, "rate_limit.window", rate.window.as_ref()).map(Some)
    }

    /// The rate of one agent.
    pub(super) fn agent_rate(
        &self,
        agent: &str,
        rate: Option<&file::AgentRate>,
    ) -> Result<Option<Rate>, ConfigError> {
        let Some(rate) = rate else { return Ok(None) };
        let section = format!("agents.{agent}.rate_limit");
        match (&rate.calls, &rate.window) {
            (Some(calls), window) => {
                let (calls_key, window_key) = (format!("{section}.calls"), format!("{section}.window"));
                self.rate(&calls_key, calls, &window_key, window.as_ref()).map(Some)
            }
            (None, Some(window)) => {
                Err(self.error(window.referenced.line(), format!("{section}: write the number of calls")))
            }
            (None, None) => Ok(None),
        }
    }

    fn rate(
        &self,
        calls_key: &str,
        calls: &Spanned<i64>,
        window_key: &str,
        window: Option<&Spanned<i64>>,
    ) -> Result<Rate, ConfigError> {
        let calls = self.number(calls_key, calls, MOST_CALLS)?;
        let window = match window {
            None => 60,
            Some(window) => self.number(window_key, window, 31 * 86_400)?,
        };
        Ok(Rate { calls, window: Duration::from_secs(window as u64) })
    }

    /// A number of something of which there must be one at least.
    fn number(&self, key: &str, number: &Spanned<i64>, most: i64) -> Result<usize, ConfigError> {
        let fine = Some(number.value).filter(|number| (1..=most).contains(number));
        fine.and_then(|number| usize::try_from(number).ok()).ok_or_else(|| {
            self.error(
                number.referenced.line(),
                format!(
                    "{key} is {}: write a number from 1 to {most}, or leave the key out for no limit",
                    number.value
                ),
            )
        })
    }

    pub(super) fn concurrency(
        &self,
        agent: &str,
        most: Option<&Spanned<i64>>,
    ) -> Result<Option<usize>, ConfigError> {
        let key = format!("agents.{agent}.max_concurrent_calls");
        most.map(|most| self.number(&key, most, MOST_CALLS)).transpose()
    }

    pub(super) fn tool_policies(
        &self,
        agent: &str,
        policies: &BTreeMap<String, file::ToolPolicy>,
    ) -> Result<BTreeMap<String, ToolPolicy>, ConfigError> {
        let policy = |(tool, file): (&String, &file::ToolPolicy)| {
            self.tool_policy(&format!("agents.{agent}.tool_policies.{tool}"), file)
                .map(|policy| (tool.clone(), policy))
        };
        policies.iter().map(policy).collect()
    }

    fn tool_policy(&self, section: &str, file: &file::ToolPolicy) -> Result<ToolPolicy, ConfigError> {
        let currency = match &file.currency {
            None => ToolPolicy::default().currency,
            Some(code) if code.value.len() == 3 && code.value.bytes().all(|b| b.is_ascii_alphabetic()) => {
                code.value.to_ascii_uppercase()
            }
            Some(code) => {
                let text =
                    format!("{section}.currency {:?} is no code of three letters such as USD", code.value);
                return Err(self.error(code.referenced.line(), text));
            }
        };
        let amount = |key: &str, text: &Option<Spanned<String>>| {
            let Some(text) = text else { return Ok(None) };
            let wrong = |why: &str| {
                self.error(text.referenced.line(), format!("{section}.{key} {:?} {why}", text.value))
            };
            match Amount::of_text(&text.value, &currency) {
                Ok(amount) if amount.is_zero() => Err(wrong(
                    "would allow nothing: write a greater amount, or leave the key out for no limit",
                )),
                Ok(amount) => Ok(Some(amount)),
                Err(error) => Err(wrong(&error.to_string())),
            }
        };
        let rate = match &file.rate_limit {
            None => None,
            Some(calls) => {
                let calls = self.number(&format!("{section}.rate_limit"), calls, MOST_CALLS)?;
                Some(Rate { calls, window: HOUR })
            }
        };
        let path = match &file.amount_argument {
            None => None,
            Some(path) => {
                let keys: Vec<String> = path.value.split('.').map(str::to_string).collect();
                if keys.iter().any(String::is_empty) {
                    let text = format!(
                        "{section}.amount_argument {:?} is no argument such as amount or payment.total",
                        path.value
                    );
                    return Err(self.error(path.referenced.line(), text));
                }
                Some(keys)
            }
        };
        let max_amount = amount("max_amount", &file.max_amount)?;
        let daily_limit = amount("daily_limit", &file.daily_limit)?;
        let require_approval_above = amount("require_approval_above", &file.require_approval_above)?;
        Ok(ToolPolicy {
            max_amount,
            daily_limit,
            require_approval_above,
            rate_limit: rate,
            amount_argument: path,
            currency,
        })
    }
}
