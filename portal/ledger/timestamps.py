"""Time stamps of RFC 3161: ask an authority, and take its answer only for the question that was asked."""

from __future__ import annotations

import hashlib
from http import HTTPStatus
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from rfc3161_client import HashAlgorithm, PKIStatus, TimestampRequestBuilder, decode_timestamp_response

_SECONDS = 15
_LONGEST = 1 << 20
_GRANTED = {PKIStatus.GRANTED, PKIStatus.GRANTED_WITH_MODS}
_SHA256 = "2.16.840.1.101.3.4.2.1"


class TimeStampError(Exception):
    """The authority gave no time stamp for what it was asked."""


def ask_for_time_stamp(url: str, data: bytes) -> bytes:
    """The authority's whole answer (TimeStampResp, DER), for SHA-256 over `data`. Raises TimeStampError, OSError.

    Looks at imprint and nonce. The authority's signature is for those to check who trust its certificate, with
    `openssl ts -verify`: which certificate that is, this program cannot know.
    """
    builder = TimestampRequestBuilder().data(data).hash_algorithm(HashAlgorithm.SHA256)
    asked = builder.nonce(nonce=True).cert_request(cert_request=True).build()
    answer = _post(url, asked.as_bytes())
    check_answer(answer, data, asked.nonce)
    return answer


def check_answer(answer: bytes, data: bytes, nonce: int | None) -> None:
    """Whether this is a time stamp for these bytes and this question. Raises TimeStampError."""
    try:
        said = decode_timestamp_response(answer)
        if said.status not in _GRANTED:
            why = "; ".join(said.status_string) or f"status {said.status}"
            raise TimeStampError(f"The authority refused: {why}")
        info = said.tst_info
        imprint = info.message_imprint
        algorithm, digest, their_nonce = imprint.hash_algorithm.dotted_string, imprint.message, info.nonce
    except ValueError as error:
        raise TimeStampError(f"The answer is no time stamp: {error}") from error
    if algorithm != _SHA256 or digest != hashlib.sha256(data).digest():
        raise TimeStampError("The time stamp is for something else.")
    if their_nonce != nonce:
        raise TimeStampError("The time stamp is the answer to another question: its nonce differs.")


def _post(url: str, body: bytes) -> bytes:
    if urlsplit(url).scheme not in {"http", "https"}:
        raise TimeStampError("ANCHOR_TSA_URL has to begin with http:// or https://.")
    headers = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}
    request = Request(url, data=body, headers=headers, method="POST")  # noqa: S310 - the scheme was looked at
    try:
        with urlopen(request, timeout=_SECONDS) as response:  # noqa: S310 - see above
            if response.status != HTTPStatus.OK:
                raise TimeStampError(f"The authority answers with status {response.status}.")
            answer: bytes = response.read(_LONGEST + 1)
    except HTTPError as error:
        raise TimeStampError(f"The authority answers with status {error.code}.") from error
    if len(answer) > _LONGEST:
        raise TimeStampError("The authority's answer has no end.")
    return answer
