"""Databases: rules compiled into one matcher."""

from __future__ import annotations

import os
from ctypes import POINTER, byref, c_size_t, c_uint64, c_void_p
from typing import Union

from . import _types
from ._abi import CRule, Handle, check, make, take
from ._types import Rule

_WITH_BUILTIN = 1


class Database(Handle):
    """Rules compiled into one matcher. Any number of threads may share one."""

    _kind = "database"

    def __init__(self, pointer: c_void_p) -> None:
        self._own(pointer)

    @classmethod
    def builtin(cls) -> Database:
        """The built-in rules."""
        return cls(make("database_builtin"))

    @classmethod
    def from_yaml(cls, yaml: str, name: str = "rules", *, with_builtin: bool = False) -> Database:
        """Rules from YAML text; ``name`` stands in messages where a file's name would."""
        text, label = yaml.encode(), name.encode()
        return cls(make("database_from_yaml", text, len(text), label, len(label), _flags(with_builtin)))

    @classmethod
    def from_path(cls, path: Union[str, os.PathLike[str]], *, with_builtin: bool = False) -> Database:
        """Rules from a YAML file, or from all YAML files in a folder and its subfolders."""
        name = os.fspath(path).encode()
        return cls(make("database_from_path", name, len(name), _flags(with_builtin)))

    @classmethod
    def from_bytes(cls, data: bytes) -> Database:
        """What :meth:`to_bytes` gave, with the same version."""
        return cls(make("database_from_bytes", data, len(data)))

    def to_bytes(self) -> bytes:
        """The database as bytes."""
        return take("database_to_bytes", self._get())

    @property
    def digest(self) -> int:
        """A number that tells sets of rules apart."""
        return self._number("database_digest")

    @property
    def max_holdback(self) -> int:
        """The most bytes that a stream can have pushed and not yet cleared."""
        return self._number("database_max_holdback")

    def rules(self) -> list[Rule]:
        """All rules, in order."""
        rules, length = POINTER(CRule)(), c_size_t()
        check("database_rules", self._get(), byref(rules), byref(length))
        return [_types.rule(rules[i]) for i in range(length.value)]

    def rule(self, id: str) -> Rule:
        """The rule with an id or an alias; raises :class:`Error` if there is none."""
        rule, name = POINTER(CRule)(), id.encode()
        check("database_rule", self._get(), name, len(name), byref(rule))
        return _types.rule(rule.contents)

    def warm(self) -> None:
        """Prepares now what is otherwise prepared by the first scans that need it."""
        check("database_warm", self._get())

    def redact(self, text: bytes) -> str:
        """The text as it may be printed, with its secrets masked."""
        return take("redact", self._get(), text, len(text), 0, len(text)).decode()

    def _number(self, name: str) -> int:
        number = c_uint64()
        check(name, self._get(), byref(number))
        return number.value


def _flags(with_builtin: bool) -> int:
    return _WITH_BUILTIN if with_builtin else 0
