"""An ASGI middleware that keeps threats out of responses, for Starlette, FastAPI, Django and whatever else speaks ASGI.

    app = HypersieveMiddleware(app, hypersieve.Scanner(hypersieve.Database.builtin()))

A response is passed on while it is judged. One that asks for ``deny`` or worse is answered with 502 if nothing of it was
sent, and cut off if something was; no byte of what was found goes out. So is one that can't be scanned.
"""

from __future__ import annotations

from typing import Any, Awaitable, Callable, MutableMapping, Optional

from hypersieve import Action, Blocked, Channel, Scanner, Stream

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]


class HypersieveMiddleware:
    def __init__(self, app: App, scanner: Scanner, *, deny: Action = Action.QUARANTINE) -> None:
        self.app = app
        self.scanner = scanner
        self.deny = deny

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        with self.scanner.stream(Channel.TOOL_RESULT) as stream:
            response = _Response(stream, self.deny, send)
            try:
                await self.app(scope, receive, response.send)
            except Exception:
                if response.started:
                    # Raising is how an application tells its server to cut the connection.
                    raise
                await send({"type": "http.response.start", "status": 502, "headers": [(b"content-length", b"0")]})
                await send({"type": "http.response.body"})


class _Response:
    """A response on its way out."""

    def __init__(self, stream: Stream, deny: Action, send: Send) -> None:
        self.started = False
        self._stream = stream
        self._deny = deny
        self._send = send
        self._start: Optional[Message] = None
        self._held = bytearray()
        self._released = 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            encodings = [value for name, value in message["headers"] if name.lower() == b"content-encoding"]
            if any(value.lower() != b"identity" for value in encodings):
                raise RuntimeError("a compressed response can't be scanned: compress outside of this middleware")
            # The response may end early, and then its length would be a lie.
            headers = [(name, value) for name, value in message["headers"] if name.lower() != b"content-length"]
            self._start = {**message, "headers": headers}
        elif message["type"] == "http.response.body":
            await self._body(message.get("body", b""), message.get("more_body", False))
        else:
            raise RuntimeError(f"{message['type']} would pass by unscanned")

    async def _body(self, piece: bytes, more: bool) -> None:
        self._held += piece
        progress = self._stream.push(piece)
        if progress.action >= self._deny:
            raise Blocked(progress.action, self._stream.findings())
        cleared = progress.cleared
        if not more:
            verdict = self._stream.finish()
            if verdict.action >= self._deny:
                raise Blocked(verdict.action, verdict.findings)
            cleared = progress.pushed
        out = bytes(self._held[: cleared - self._released])
        del self._held[: len(out)]
        self._released += len(out)
        if out or not more:
            if self._start is not None:
                self.started = True
                await self._send(self._start)
                self._start = None
            await self._send({"type": "http.response.body", "body": out, "more_body": more})
