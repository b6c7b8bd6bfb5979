//! A call held against what its agent may do.

use std::time::{Duration, Instant, SystemTime};

use super::argument::{Overweight, Weighed, weigh};
use super::ledger::{Claim, Refused};
use super::rates::{OpenCall, TooMany};
use crate::answer::{Decision, Stopped};
use crate::config::ToolPolicy;
use crate::gateway::Gateway;
use crate::message::Message;

/// Counts a call of a tool against its agent's rate, and as one of its open calls.
///
/// # Errors
/// If it is one too many.
pub(crate) fn admit(gateway: &Gateway, agent: Option<&str>) -> Result<OpenCall, Stopped> {
    let config = agent.and_then(|name| gateway.config.agents.get(name));
    // Where no agents are configured a name says nothing: all callers count as one, so that no name makes room.
    let whose = if config.is_some() { agent.unwrap_or_default() } else { "" };
    let rate = config.and_then(|agent| agent.rate_limit).or(gateway.config.rate_limit);
    let most_open = config.and_then(|agent| agent.max_concurrent_calls);
    gateway.rates.admit(whose, rate, most_open, Instant::now()).map_err(|too_many| match too_many {
        TooMany::InWindow(wait) => {
            let calls = rate.map_or_else(String::new, |rate| {
                format!("{} calls in {} s are allowed", rate.calls, rate.window.as_secs())
            });
            Stopped::with_retry(Decision::RateLimited, calls, wait)
        }
        TooMany::Open => {
            let most = most_open.unwrap_or_default();
            let text = format!("{most} calls of this agent are open, as many as may be; wait for one to end");
            Stopped::with_detail(Decision::ConcurrencyExceeded, text)
        }
    })
}

/// What a call owes to the policy of its tool.
pub(crate) struct Due {
    /// Why a person must let it, if one must.
    pub(crate) approval: Option<String>,
    policy: Option<ToolPolicy>,
    claim: Option<Claim>,
}

/// Holds a call against the policy of its tool; nothing is counted yet.
///
/// # Errors
/// If the policy does not allow it, whatever was called before.
pub(crate) fn due(
    gateway: &Gateway,
    agent: Option<&str>,
    (backend, tool): (usize, &str),
    message: &Message,
) -> Result<Due, Stopped> {
    let config = agent.and_then(|name| gateway.config.agents.get(name));
    let mut due = Due { approval: None, policy: None, claim: None };
    let Some(policy) = gateway.catalogue.policy(config, backend, tool) else { return Ok(due) };
    let mut spends = None;
    if policy.has_amounts() {
        let arguments = message.params.as_ref().and_then(|params| params.arguments.as_ref());
        let amount = match weigh(&policy, arguments.map(|span| message.part(span))) {
            Ok(Weighed::Spends(amount)) => amount,
            Ok(Weighed::NeedsApproval(amount, why)) => {
                due.approval = Some(why);
                amount
            }
            Err(Overweight::Unclear(why)) => return Err(Stopped::with_detail(Decision::AmountUnclear, why)),
            Err(Overweight::TooMuch(why)) => return Err(Stopped::with_detail(Decision::AmountExceeded, why)),
        };
        spends = policy.daily_limit.map(|limit| (amount, limit));
    }
    if policy.counts() {
        due.claim = Some(Claim {
            agent: agent.unwrap_or_default().to_string(),
            server: gateway.backends[backend].config.name.clone(),
            tool: tool.to_string(),
            rate: policy.rate_limit,
            spends,
        });
    }
    due.policy = Some(policy);
    Ok(due)
}

impl Due {
    /// Counts the call, and what it spends.
    ///
    /// # Errors
    /// If it is one too many or too much, or can't be counted.
    pub(crate) async fn count(self, gateway: &Gateway) -> Result<(), Stopped> {
        let (Some(claim), Some(policy)) = (self.claim, self.policy) else { return Ok(()) };
        count(gateway, claim).await.map_err(|refused| told(&policy, refused))
    }
}

async fn count(gateway: &Gateway, claim: Claim) -> Result<(), Refused> {
    if claim.spends.is_none() {
        // Nothing waits for the disk here: shorter than the way to another thread and back.
        return gateway.ledger.count(&claim, SystemTime::now());
    }
    let ledger = gateway.ledger.clone();
    let counting = tokio::task::spawn_blocking(move || ledger.count(&claim, SystemTime::now()));
    counting.await.unwrap_or_else(|error| Err(Refused::Failed(error.to_string())))
}

fn told(policy: &ToolPolicy, refused: Refused) -> Stopped {
    match refused {
        Refused::Rate(wait) => {
            let calls = policy.rate_limit.map_or(0, |rate| rate.calls);
            let text = format!("{calls} calls of this tool in an hour are allowed");
            Stopped::with_retry(Decision::RateLimited, text, wait)
        }
        Refused::Day { left, ends } => {
            let (currency, limit) = (&policy.currency, policy.daily_limit.unwrap_or(left));
            let text = format!("{left} {currency} are left of the day's {limit}");
            Stopped::with_retry(Decision::DailyLimitExceeded, text, ends.max(Duration::from_secs(1)))
        }
        Refused::Failed(why) => {
            tracing::error!(why, "a call can't be counted");
            let text = "the counters can't be written, see the gateway's log";
            Stopped::with_detail(Decision::LimitsError, text)
        }
    }
}
