"""
The embedded Prefect server's program: Prefect's own app, with one header more.

``python -m ingestd.run.prefect_app PORT``. When its SQLite is locked for a moment,
Prefect's API answers 503, and its clients then sleep 2 s or more; they sleep as long as
the answer asks for, if it asks (RFC 9110, Retry-After). One flow run in thirty stalled
for 2.5 s without this.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import uvicorn
from prefect.server.api.server import create_app

from ingestd.run.cluster import LOOPBACK

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

RETRY_AFTER = (b"retry-after", b"0.05")
UNAVAILABLE = 503


def patient(app: ASGIApp) -> ASGIApp:
    """
    Return *app* with a short Retry-After on every 503 that has none.
    """

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_patiently(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", []))
                asked = any(name.lower() == RETRY_AFTER[0] for name, _ in headers)
                if message["status"] == UNAVAILABLE and not asked:
                    message = {**message, "headers": [*headers, RETRY_AFTER]}
            await send(message)

        await app(scope, receive, send_patiently)

    return wrapped


def main() -> None:
    """
    Serve on loopback until told to stop.
    """
    uvicorn.run(
        patient(create_app(final=True)),
        host=LOOPBACK,
        port=int(sys.argv[1]),
        log_level="warning",
        timeout_keep_alive=60,
    )


if __name__ == "__main__":
    main()
