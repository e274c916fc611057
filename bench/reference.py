"""What the figures are measured against: FastAPI on the same uvicorn, written as one would without any of our care.

`python -m bench.reference PORT [DATABASE_URL]`: one route that checks the signature and renders the night's menu with
Twilio's own library; with a database, it also makes one round trip to it.
"""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import uvicorn
from fastapi import FastAPI, Request, Response
from psycopg_pool import AsyncConnectionPool
from twilio.request_validator import RequestValidator
from twilio.twiml.voice_response import Gather, VoiceResponse

from bench.traffic import PUBLIC_URL, TOKEN

_WORDS: Final = (
    "Maple Pediatrics is closed. If this is an emergency, hang up and dial 9 1 1.",
    "To talk to a doctor now, press 1.",
    "For a prescription refill, press 2.",
    "For an appointment, press 3.",
    "For our hours and address, press 4.",
    "Para español, oprima el 9.",
)


def make(database_url: str | None) -> FastAPI:
    """The application."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        if database_url is None:
            yield
            return
        async with AsyncConnectionPool(database_url, min_size=10, max_size=20, kwargs={"autocommit": True}) as pool:
            app.state.pool = pool
            yield

    app = FastAPI(lifespan=lifespan, openapi_url=None)
    validator = RequestValidator(TOKEN)

    @app.post("/twilio/voice")
    async def voice(request: Request) -> Response:
        form = await request.form()
        url = PUBLIC_URL + request.url.path + (f"?{request.url.query}" if request.url.query else "")
        if not validator.validate(url, dict(form), request.headers.get("X-Twilio-Signature", "")):
            return Response(status_code=403)
        if database_url is not None:
            async with request.app.state.pool.connection() as connection:
                await connection.execute("SELECT 1")
        return Response(_menu(), media_type="text/xml")

    return app


def _menu() -> str:
    response = VoiceResponse()
    gather: Gather = response.gather(
        input="dtmf", num_digits=1, timeout=5, action=f"{PUBLIC_URL}/twilio/voice/turn?practice=maple", method="POST",
        action_on_empty_result=True,
    )  # fmt: skip
    for words in _WORDS:
        gather.say(words, voice="Polly.Joanna-Neural", language="en-US")
    return str(response)


if __name__ == "__main__":
    uvicorn.run(
        make(sys.argv[2] if len(sys.argv) > 2 else None),  # noqa: PLR2004 - the second argument is optional
        host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", access_log=False, proxy_headers=False,
    )  # fmt: skip
