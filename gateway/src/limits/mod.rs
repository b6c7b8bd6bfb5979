//! What agents may do how often, and how much they may spend.
//!
//! Rates and open calls of an agent are kept in memory ([`Rates`]); what the policy of a tool counts is kept in a database
//! ([`Ledger`]), since it must outlive the gateway.

mod amount;
mod argument;
mod call;
mod ledger;
mod rates;

pub use amount::{Amount, AmountError};
pub(crate) use call::{admit, due};
pub(crate) use ledger::Ledger;
pub(crate) use rates::{OpenCall, Rates};
