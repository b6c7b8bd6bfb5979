"""Policies: what is done about which findings."""

from __future__ import annotations

import json
from typing import Any, Mapping

from ._abi import Handle, call, make
from ._types import Action, Severity


class Policy(Handle):
    """What is done about which findings. Without anything set, each finding does what its severity says."""

    _kind = "policy"

    def __init__(self) -> None:
        self._own(make("policy_new"))

    @classmethod
    def from_dict(cls, policy: Mapping[str, Any]) -> Policy:
        """A policy from ``rule_actions``, ``block_categories``, ``disable`` and ``min_severity``, as in its JSON form."""
        text = json.dumps(policy).encode()
        made = cls.__new__(cls)
        made._own(make("policy_from_json", text, len(text)))
        return made

    def rule_action(self, id: str, action: Action) -> Policy:
        """Sets what the findings of a rule do."""
        name = id.encode()
        call("policy_rule_action", self._get(), name, len(name), action)
        return self

    def block_category(self, category: str) -> Policy:
        """Blocks on every finding of a category."""
        name = category.encode()
        call("policy_block_category", self._get(), name, len(name))
        return self

    def disable(self, id: str) -> Policy:
        """Leaves a rule out."""
        name = id.encode()
        call("policy_disable", self._get(), name, len(name))
        return self

    def min_severity(self, severity: Severity) -> Policy:
        """Leaves out findings below a severity."""
        call("policy_min_severity", self._get(), severity)
        return self
