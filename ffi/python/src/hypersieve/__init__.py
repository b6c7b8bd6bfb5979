"""Exact streaming threat scan of what AI agents read and write.

Any exception from this package means: treat the text as blocked.
"""

from ._abi import Error, Status
from ._database import Database
from ._policy import Policy
from ._scanner import Blocked, Scanner, Stream
from ._types import Action, Channel, Finding, Progress, Rule, Severity, Verdict
from ._version import __version__

__all__ = [
    "Action",
    "Blocked",
    "Channel",
    "Database",
    "Error",
    "Finding",
    "Policy",
    "Progress",
    "Rule",
    "Scanner",
    "Severity",
    "Status",
    "Stream",
    "Verdict",
    "__version__",
]
