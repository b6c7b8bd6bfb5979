"""The C library, found and declared: the functions and structs of hypersieve.h."""

from __future__ import annotations

import ctypes
import enum
import os
import sys
from ctypes import POINTER, Structure, byref, c_bool, c_char_p, c_int32, c_size_t, c_uint32, c_uint64, c_void_p
from pathlib import Path
from typing import Any, Callable, Optional

ABI_VERSION_MAJOR = 1


class Status(enum.IntEnum):
    """What a call of the library returns."""

    OK = 0
    INVALID_ARGUMENT = 1
    WRONG_HANDLE = 2
    BUSY = 3
    FOREIGN_CACHE = 4
    INVALID_RULES = 5
    INVALID_DATABASE = 6
    INVALID_POLICY = 7
    SCAN_FAILED = 8
    POISONED = 9
    ENDED = 10
    NOT_FOUND = 11
    INTERNAL = 12


class Error(Exception):
    """A call that failed: treat the text as blocked."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        #: A :class:`Status`, or the bare number if this version does not know it.
        self.status: int = Status(status) if status in Status.__members__.values() else status


class CText(Structure):
    _fields_ = [("data", c_void_p), ("len", c_size_t)]

    def text(self) -> str:
        return ctypes.string_at(self.data, self.len).decode() if self.data else ""


class CRule(Structure):
    _fields_ = [
        ("id", CText),
        ("name", CText),
        ("description", CText),
        ("category", CText),
        ("set", CText),
        ("remediation", CText),
        ("aliases", POINTER(CText)),
        ("aliases_len", c_size_t),
        ("references", POINTER(CText)),
        ("references_len", c_size_t),
        ("severities", POINTER(c_uint32)),
        ("severities_len", c_size_t),
        ("sensitive", c_bool),
    ]


class CFinding(Structure):
    _fields_ = [
        ("rule", POINTER(CRule)),
        ("start", c_uint64),
        ("end", c_uint64),
        ("severity", c_uint32),
        ("channel", c_uint32),
        ("view", CText),
        ("matched", CText),
        ("pointer", CText),
    ]


class CCount(Structure):
    _fields_ = [("rule", POINTER(CRule)), ("findings", c_uint64)]


class CVerdict(Structure):
    _fields_ = [
        ("action", c_uint32),
        ("findings", POINTER(CFinding)),
        ("findings_len", c_size_t),
        ("counts", POINTER(CCount)),
        ("counts_len", c_size_t),
        ("limits", POINTER(CText)),
        ("limits_len", c_size_t),
    ]


class CItem(Structure):
    _fields_ = [("text", c_char_p), ("text_len", c_size_t), ("channel", c_uint32)]


class CProgress(Structure):
    _fields_ = [("pushed", c_uint64), ("cleared", c_uint64), ("action", c_uint32)]


CALLBACK = ctypes.CFUNCTYPE(None, POINTER(CFinding), c_void_p)

_HANDLE, _OUT, _TEXT = c_void_p, POINTER(c_void_p), (c_char_p, c_size_t)
_VERDICT, _PROGRESS = POINTER(POINTER(CVerdict)), POINTER(CProgress)

# Functions that end with an error, and return a status; the error is not listed.
_FALLIBLE: dict[str, tuple[Any, ...]] = {
    "database_builtin": (_OUT,),
    "database_from_yaml": (*_TEXT, *_TEXT, c_uint32, _OUT),
    "database_from_path": (*_TEXT, c_uint32, _OUT),
    "database_from_bytes": (*_TEXT, _OUT),
    "database_to_bytes": (_HANDLE, _OUT),
    "policy_new": (_OUT,),
    "policy_from_json": (*_TEXT, _OUT),
    "policy_rule_action": (_HANDLE, *_TEXT, c_uint32),
    "policy_block_category": (_HANDLE, *_TEXT),
    "policy_disable": (_HANDLE, *_TEXT),
    "policy_min_severity": (_HANDLE, c_uint32),
    "scanner_new": (_HANDLE, _HANDLE, _OUT),
    "cache_new": (_HANDLE, _OUT),
    "scan": (_HANDLE, _HANDLE, *_TEXT, c_uint32, _VERDICT),
    "scan_batch": (_HANDLE, _HANDLE, POINTER(CItem), c_size_t, _VERDICT),
    "redact": (_HANDLE, *_TEXT, c_size_t, c_size_t, _OUT),
    "stream_open": (_HANDLE, c_uint32, _OUT),
    "stream_on_finding": (_HANDLE, CALLBACK, c_void_p),
    "stream_push": (_HANDLE, *_TEXT, _PROGRESS),
    "stream_boundary": (_HANDLE, _PROGRESS),
    "stream_findings": (_HANDLE, POINTER(POINTER(CFinding)), POINTER(c_size_t)),
    "stream_finish": (_HANDLE, _VERDICT),
}

# Functions that only return a status.
_QUIET: dict[str, tuple[Any, ...]] = {
    "database_digest": (_HANDLE, POINTER(c_uint64)),
    "database_max_holdback": (_HANDLE, POINTER(c_uint64)),
    "database_rules": (_HANDLE, POINTER(POINTER(CRule)), POINTER(c_size_t)),
    "database_rule": (_HANDLE, *_TEXT, POINTER(POINTER(CRule))),
    "database_warm": (_HANDLE,),
    "buffer_bytes": (_HANDLE, POINTER(c_void_p), POINTER(c_size_t)),
    **{f"{kind}_free": (_HANDLE,) for kind in ("database", "policy", "scanner", "cache", "stream", "buffer", "error")},
}


def _load() -> ctypes.CDLL:
    name = "libhypersieve.dylib" if sys.platform == "darwin" else "libhypersieve.so"
    path = os.environ.get("HYPERSIEVE_LIBRARY") or str(Path(__file__).parent / name)
    library = ctypes.CDLL(path)
    library.hypersieve_abi_version.restype = c_uint32
    found = library.hypersieve_abi_version() >> 16
    if found != ABI_VERSION_MAJOR:
        raise ImportError(f"{path} has ABI {found}, and this package is for ABI {ABI_VERSION_MAJOR}")
    for table, error in ((_FALLIBLE, (_OUT,)), (_QUIET, ())):
        for function, arguments in table.items():
            declared = getattr(library, f"hypersieve_{function}")
            declared.argtypes, declared.restype = (*arguments, *error), c_int32
    library.hypersieve_error_message.argtypes = (_HANDLE,)
    library.hypersieve_error_message.restype = CText
    library.hypersieve_status_name.argtypes = (c_int32,)
    library.hypersieve_status_name.restype = c_char_p
    return library


_LIBRARY = _load()


def function(name: str) -> Callable[..., int]:
    """A function of the library by its name without the prefix."""
    declared: Callable[..., int] = getattr(_LIBRARY, f"hypersieve_{name}")
    return declared


def call(name: str, *arguments: Any) -> None:
    """Calls a function that tells errors, and raises what it tells."""
    error = c_void_p()
    status = function(name)(*arguments, byref(error))
    if status == 0:
        return
    message = _LIBRARY.hypersieve_error_message(error).text()
    function("error_free")(error)
    raise Error(status, message)


def check(name: str, *arguments: Any) -> None:
    """Calls a function that only returns a status, and raises it."""
    status = function(name)(*arguments)
    if status != 0:
        raise Error(status, f"{name}: {_LIBRARY.hypersieve_status_name(status).decode()}")


def make(name: str, *arguments: Any) -> c_void_p:
    """Calls a function whose last result is a handle."""
    made = c_void_p()
    call(name, *arguments, byref(made))
    return made


def take(name: str, *arguments: Any) -> bytes:
    """Calls a function whose last result is a buffer, and copies it."""
    buffer = make(name, *arguments)
    try:
        data, length = c_void_p(), c_size_t()
        check("buffer_bytes", buffer, byref(data), byref(length))
        return ctypes.string_at(data, length.value)
    finally:
        function("buffer_free")(buffer)


class Handle:
    """Something of the library's that is freed once: by ``close``, by ``with``, or when it is collected."""

    _kind: str
    _pointer: Optional[c_void_p] = None

    def _own(self, pointer: c_void_p) -> None:
        self._pointer = pointer

    def _get(self) -> c_void_p:
        if self._pointer is None:
            raise Error(Status.WRONG_HANDLE, f"the {self._kind} is closed")
        return self._pointer

    def close(self) -> None:
        """Frees it now; what was made with it stays of use."""
        pointer, self._pointer = self._pointer, None
        if pointer is not None:
            function(f"{self._kind}_free")(pointer)

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()
