//! Calls that wait for a person: what becomes of one that may only pass if somebody allows it.

use std::sync::Arc;

use hypersieve::Channel;

use crate::answer::{Decision, Stopped};
use crate::audit::{Asked, HoldError};
use crate::digest::sha256;
use crate::gateway::Gateway;
use crate::message::Message;

/// What became of it.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// A person approved an identical call, which is used up with this: it passes.
    Approved(String),
    /// It does not pass.
    Stopped(Stopped),
}

/// Lets a call pass if a person approved an identical one, and holds it otherwise.
///
/// `stopped` says why it may not pass by itself; `backend` and `tool` are whose tool it is and its own name. Where nothing can
/// be held, the call is stopped as it is.
pub(crate) async fn ask(
    gateway: &Arc<Gateway>,
    agent: Option<&str>,
    message: &Message,
    (backend, tool): (usize, &str),
    stopped: Stopped,
) -> Outcome {
    let (Some(approvals), Some(expiry)) = (gateway.approvals.clone(), gateway.config.approval_expiry) else {
        let unheld = stopped.decision == Decision::NeedsApproval;
        let more = "; this gateway holds no calls for approval";
        let detail = stopped.detail.clone().map(|detail| if unheld { detail + more } else { detail });
        return Outcome::Stopped(Stopped { detail, ..stopped });
    };
    let arguments = message.params.as_ref().and_then(|params| params.arguments.as_ref());
    let arguments = arguments.map_or(&b""[..], |span| message.part(span));
    let shown = match gateway.judge(agent).masked(arguments, Channel::ToolArgs) {
        Ok(shown) => shown,
        Err(why) => return Outcome::Stopped(Stopped::with_detail(Decision::ScanError, why.to_string())),
    };
    let asked = Asked {
        agent: agent.map(str::to_string),
        backend: gateway.backends[backend].config.name.clone(),
        tool: tool.to_string(),
        arguments: sha256(arguments),
        rules: stopped.rules.iter().cloned().collect(),
    };
    let reason = stopped.detail.clone().unwrap_or_else(|| stopped.decision.name().to_string());
    // Both wait for the disk.
    let asking = tokio::task::spawn_blocking(move || match approvals.redeem(&asked)? {
        Some(id) => Ok((id, true)),
        None => approvals.hold(&asked, &shown, &reason, expiry).map(|id| (id, false)),
    });
    let unavailable = |why: &dyn std::fmt::Display| {
        tracing::error!(%why, "a call can't be held");
        Stopped::with_detail(Decision::AuditUnavailable, "the call can't be held for approval now")
    };
    match asking.await {
        Ok(Ok((id, true))) => Outcome::Approved(id),
        Ok(Ok((id, false))) => Outcome::Stopped(Stopped { item: Some(id), ..stopped }),
        Ok(Err(HoldError::Denied(id))) => {
            let detail = format!("a person denied this call: {id}");
            Outcome::Stopped(Stopped { detail: Some(detail), ..stopped })
        }
        Ok(Err(HoldError::Full)) => {
            let detail = "too many calls of this agent wait for approval already".to_string();
            Outcome::Stopped(Stopped { detail: Some(detail), ..stopped })
        }
        Ok(Err(HoldError::Audit(error))) => Outcome::Stopped(unavailable(&error)),
        Err(panicked) => Outcome::Stopped(unavailable(&panicked)),
    }
}
