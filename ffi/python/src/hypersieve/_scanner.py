"""Scanners, and streams that hold back what has not been judged."""

from __future__ import annotations

from contextlib import contextmanager
from ctypes import POINTER, byref, c_char_p, c_size_t, c_void_p
from typing import Callable, Iterable, Iterator, Optional, Sequence

from . import _types
from ._abi import CALLBACK, CFinding, CItem, CProgress, CVerdict, Error, Handle, call, make
from ._database import Database
from ._policy import Policy
from ._types import Action, Channel, Finding, Progress, Verdict


class Blocked(Exception):
    """What a text asks for is as grave as what the caller does not let through."""

    def __init__(self, action: Action, findings: Sequence[Finding]) -> None:
        rules = ", ".join(dict.fromkeys(finding.rule for finding in findings)) or "a limit"
        super().__init__(f"{action.name.lower()}: {rules}")
        self.action = action
        self.findings = tuple(findings)


class _Cache(Handle):
    _kind = "cache"

    def __init__(self, scanner: c_void_p) -> None:
        self._own(make("cache_new", scanner))


class Scanner(Handle):
    """A database with a policy. Any number of threads may share one, and scan at the same time."""

    _kind = "scanner"

    def __init__(self, database: Database, policy: Optional[Policy] = None) -> None:
        self._own(make("scanner_new", database._get(), policy._get() if policy else None))
        self._caches: list[_Cache] = []

    def close(self) -> None:
        super().close()
        self.__dict__.pop("_caches", None)

    def scan(self, text: bytes, channel: Channel = Channel.ANY) -> Verdict:
        """Scans a text."""
        with self._cache() as cache:
            verdict = POINTER(CVerdict)()
            call("scan", self._get(), cache._get(), text, len(text), channel, byref(verdict))
            return _types.verdict(verdict.contents)

    def scan_batch(self, items: Iterable[tuple[bytes, Channel]]) -> list[Verdict]:
        """Scans many texts; the verdicts come in their order."""
        given = [CItem(c_char_p(text), len(text), channel) for text, channel in items]
        with self._cache() as cache:
            verdicts = POINTER(CVerdict)()
            array = (CItem * len(given))(*given)
            call("scan_batch", self._get(), cache._get(), array, len(given), byref(verdicts))
            return [_types.verdict(verdicts[i]) for i in range(len(given))]

    def stream(self, channel: Channel = Channel.ANY) -> Stream:
        """Opens a stream."""
        return Stream(self, channel)

    def release(
        self, pieces: Iterable[bytes], channel: Channel = Channel.ANY, *, deny: Action = Action.QUARANTINE
    ) -> Iterator[bytes]:
        """Gives the bytes of a text that arrives in pieces, each as soon as it has been judged.

        Raises :class:`Blocked` as soon as the text asks for ``deny`` or worse; what is pending then never comes out.
        """
        held = bytearray()
        released = 0
        with self.stream(channel) as stream:
            for piece in pieces:
                held += piece
                progress = stream.push(piece)
                if progress.action >= deny:
                    raise Blocked(progress.action, stream.findings())
                if progress.cleared > released:
                    count = progress.cleared - released
                    out = bytes(held[:count])
                    del held[:count]
                    released = progress.cleared
                    yield out
            verdict = stream.finish()
            if verdict.action >= deny:
                raise Blocked(verdict.action, verdict.findings)
            if held:
                yield bytes(held)

    @contextmanager
    def _cache(self) -> Iterator[_Cache]:
        """A cache that no other thread uses; lists are safe to share between threads."""
        self._get()
        try:
            cache = self._caches.pop()
        except IndexError:
            cache = _Cache(self._get())
        yield cache
        # Not after an exception: the cache may be of no use any more, and is collected.
        self._caches.append(cache)


class Stream(Handle):
    """A text that arrives in pieces. However it is cut, the verdict is that of the text as a whole."""

    _kind = "stream"

    def __init__(self, scanner: Scanner, channel: Channel) -> None:
        self._own(make("stream_open", scanner._get(), channel))
        self._callback: Optional[Callable[..., None]] = None
        self._raised: Optional[BaseException] = None

    def push(self, piece: bytes) -> Progress:
        """Takes the next bytes."""
        told = CProgress()
        call("stream_push", self._get(), piece, len(piece), byref(told))
        self._reraise()
        return _types.progress(told)

    def boundary(self) -> Progress:
        """Judges what is pending as if the text ended here, and clears it."""
        told = CProgress()
        call("stream_boundary", self._get(), byref(told))
        self._reraise()
        return _types.progress(told)

    def findings(self) -> list[Finding]:
        """The findings that are certain so far."""
        findings, length = POINTER(CFinding)(), c_size_t()
        call("stream_findings", self._get(), byref(findings), byref(length))
        return [_types.finding(findings[i]) for i in range(length.value)]

    def on_finding(self, listener: Callable[[Finding], None]) -> None:
        """Has ``listener`` called with each finding as soon as it is certain. What it raises comes out of the call that
        found it."""

        def tell(told: "POINTER(CFinding)", _: object) -> None:  # type: ignore[valid-type]
            if self._raised is None:
                try:
                    listener(_types.finding(told.contents))
                except BaseException as raised:
                    self._raised = raised

        callback = CALLBACK(tell)
        call("stream_on_finding", self._get(), callback, None)
        # Kept for as long as the library may call it.
        self._callback = callback

    def finish(self) -> Verdict:
        """Ends the text and concludes."""
        verdict = POINTER(CVerdict)()
        call("stream_finish", self._get(), byref(verdict))
        self._reraise()
        return _types.verdict(verdict.contents)

    def _reraise(self) -> None:
        raised, self._raised = self._raised, None
        if raised is not None:
            raise raised


__all__ = ["Blocked", "Error", "Scanner", "Stream"]
