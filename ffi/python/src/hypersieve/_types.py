"""Verdicts and findings as Python objects: copies, which outlive everything."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Optional

from ._abi import CFinding, CProgress, CRule, CVerdict


class Action(enum.IntEnum):
    """What a verdict asks for; the higher the graver."""

    ALLOW = 0
    FLAG = 1
    QUARANTINE = 2
    BLOCK = 3


class Severity(enum.IntEnum):
    """How grave a finding is."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4


class Channel(enum.IntEnum):
    """Where a text comes from."""

    ANY = 0
    TOOL_ARGS = 1
    TOOL_RESULT = 2
    TOOL_DESCRIPTION = 3
    MESSAGE = 4


@dataclass(frozen=True)
class Rule:
    """A rule of a database."""

    id: str
    name: str
    description: str
    category: str
    set: str
    remediation: str
    aliases: tuple[str, ...]
    references: tuple[str, ...]
    #: Its severity on each channel that it watches.
    severities: dict[Channel, Severity]
    #: Whether what it finds is a secret or personal data.
    sensitive: bool


@dataclass(frozen=True)
class Finding:
    """A match of a rule."""

    #: The id of the rule.
    rule: str
    category: str
    severity: Severity
    channel: Channel
    #: `raw`, or what disguise it was found behind.
    view: str
    #: Offsets in the scanned bytes.
    start: int
    end: int
    #: What stood there; masked where it is a secret.
    matched: str
    #: Where the whole text was one JSON document, the JSON pointer of the string it lies in.
    pointer: Optional[str]


@dataclass(frozen=True)
class Verdict:
    """What a scan concludes."""

    action: Action
    #: Sorted by their place; of each rule the first 100.
    findings: tuple[Finding, ...]
    #: The exact number of findings by the id of their rule.
    counts: dict[str, int]
    #: The names of the limits that were hit; each of them blocks.
    limits: tuple[str, ...]


@dataclass(frozen=True)
class Progress:
    """How far a stream has come."""

    pushed: int
    #: What lies below this offset has been judged.
    cleared: int
    #: What the findings so far ask for.
    action: Action


def rule(told: CRule) -> Rule:
    severities = enumerate(told.severities[: told.severities_len])
    return Rule(
        id=told.id.text(),
        name=told.name.text(),
        description=told.description.text(),
        category=told.category.text(),
        set=told.set.text(),
        remediation=told.remediation.text(),
        aliases=tuple(text.text() for text in told.aliases[: told.aliases_len]),
        references=tuple(text.text() for text in told.references[: told.references_len]),
        severities={Channel(channel): Severity(severity) for channel, severity in severities if severity},
        sensitive=told.sensitive,
    )


def finding(told: CFinding) -> Finding:
    rule = told.rule.contents
    return Finding(
        rule=rule.id.text(),
        category=rule.category.text(),
        severity=Severity(told.severity),
        channel=Channel(told.channel),
        view=told.view.text(),
        start=told.start,
        end=told.end,
        matched=told.matched.text(),
        pointer=told.pointer.text() if told.pointer.data else None,
    )


def verdict(told: CVerdict) -> Verdict:
    return Verdict(
        action=Action(told.action),
        findings=tuple(finding(told.findings[i]) for i in range(told.findings_len)),
        counts={c.rule.contents.id.text(): c.findings for c in (told.counts[i] for i in range(told.counts_len))},
        limits=tuple(told.limits[i].text() for i in range(told.limits_len)),
    )


def progress(told: CProgress) -> Progress:
    return Progress(told.pushed, told.cleared, Action(told.action))
