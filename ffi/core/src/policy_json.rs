//! Policies as JSON.

use std::fmt;

use hypersieve::Policy;
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// A policy as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct PolicyDoc {
    rule_actions: RuleActions,
    block_categories: Vec<String>,
    disable: Vec<String>,
    min_severity: Option<String>,
}

/// Rules and their actions, none of them twice.
#[derive(Debug, Default)]
struct RuleActions(Vec<(String, String)>);

impl PolicyDoc {
    /// The policy that a JSON text states.
    pub(crate) fn policy(json: &str) -> Result<Policy, serde_json::Error> {
        // Without this an array of the values would do for the object.
        if !json.trim_start().starts_with('{') {
            return Err(de::Error::custom(
                "no object: write {\"min_severity\": \"medium\"}, or {} for nothing",
            ));
        }
        let doc: PolicyDoc = serde_json::from_str(json)?;
        let mut policy = Policy::new();
        for (id, action) in doc.rule_actions.0 {
            policy = policy.rule_action(id, action.parse().map_err(de::Error::custom)?);
        }
        for category in doc.block_categories {
            policy = policy.block_category(category);
        }
        for id in doc.disable {
            policy = policy.disable(id);
        }
        if let Some(severity) = doc.min_severity {
            policy = policy.min_severity(severity.parse().map_err(de::Error::custom)?);
        }
        Ok(policy)
    }
}

impl<'de> Deserialize<'de> for RuleActions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<RuleActions, D::Error> {
        struct Actions;

        impl<'de> Visitor<'de> for Actions {
            type Value = RuleActions;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of rule ids and actions")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RuleActions, A::Error> {
                let mut actions: Vec<(String, String)> = Vec::new();
                while let Some((id, action)) = map.next_entry::<String, String>()? {
                    if actions.iter().any(|(other, _)| *other == id) {
                        return Err(de::Error::custom(format!("the rule `{id}` has two actions: leave one")));
                    }
                    actions.push((id, action));
                }
                Ok(RuleActions(actions))
            }
        }

        deserializer.deserialize_map(Actions)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_nothing_is_refused() {
        for (json, message) in [
            ("", "no object"),
            ("[{}, [], [], null]", "no object"),
            ("{", "EOF"),
            (r#"{"min_severty": "low"}"#, "unknown field `min_severty`"),
            (r#"{"min_severity": "grave"}"#, "unknown severity `grave`: use one of"),
            (r#"{"min_severity": "low", "min_severity": "high"}"#, "duplicate field"),
            (r#"{"rule_actions": {"A": "pass"}}"#, "unknown action `pass`: use one of block"),
            (r#"{"rule_actions": {"A": "block", "A": "ignore"}}"#, "the rule `A` has two actions"),
            (r#"{"disable": "A"}"#, "invalid type"),
            ("{} {}", "trailing characters"),
        ] {
            let error = PolicyDoc::policy(json).expect_err(json).to_string();
            assert!(error.contains(message), "{json}: {error}");
        }
    }
}
