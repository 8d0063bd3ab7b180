"""The pictures of a request."""
from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator

from python_multipart.multipart import parse_options_header
from starlette.datastructures import Headers, UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from emonext.service.limits import Limits

LONGEST = 200  # characters of a name
TAIL = 1000  # bytes in which a form ends
FIELD = 1000  # bytes of a field that is no file
CHARSET = re.compile(r';\s*charset\s*=\s*("[^"]*"|[^;]*)', re.IGNORECASE)


async def read_pictures(request: Request, limits: Limits) -> list[tuple[str, bytes]]:
    """Names and bytes of the pictures of a request: its body, or the files of a form.

    Raises:
        HTTPException: 400 without a picture or with a damaged form, 408 for a slow body, 413 for too many bytes or
            pictures.
    """
    try:
        async with asyncio.timeout(limits.seconds):
            pictures = await _read(request, limits)
    except ClientDisconnect:
        raise HTTPException(400, 'the connection ended within the request') from None
    except TimeoutError:
        raise HTTPException(408, f'the request was not sent within {limits.seconds:g} seconds') from None
    if not any(data for _, data in pictures):
        raise HTTPException(400, 'no picture; send the bytes of one, or a form (multipart/form-data) with files')
    return pictures


async def _read(request: Request, limits: Limits) -> list[tuple[str, bytes]]:
    stream = _limited(request, limits)
    if not request.headers.get('content-type', '').lower().startswith('multipart/form-data'):
        return [('picture', b''.join([part async for part in stream]))]
    kind = CHARSET.sub('', request.headers['content-type'])  # some charsets take minutes to decode
    tail = bytearray()

    async def watched() -> AsyncIterator[bytes]:
        async for part in stream:
            tail.extend(part)
            del tail[:-TAIL]
            yield part

    parser = MultiPartParser(Headers({'content-type': kind}), watched(), max_files=limits.pictures,
                             max_fields=limits.pictures, max_part_size=FIELD)
    parser.spool_max_size = 2 * limits.bytes  # never on the disk
    try:
        form = await parser.parse()
        if b'--%b--' % parse_options_header(kind)[1][b'boundary'] not in tail:  # a file that is cut would be left out
            raise MultiPartException('its end is missing')
    except (MultiPartException, KeyError, ValueError) as error:  # KeyError: no boundary
        many = 'Too many' in str(error)
        text = f'more than {limits.pictures} pictures' if many else 'a damaged form (multipart/form-data)'
        raise HTTPException(413 if many else 400, text) from None
    files = [file for _, file in form.multi_items() if isinstance(file, UploadFile)]
    return [((file.filename or 'picture')[:LONGEST], await file.read()) for file in files]


async def _limited(request: Request, limits: Limits) -> AsyncIterator[bytes]:
    size = int(length) if (length := request.headers.get('content-length', '')).isdecimal() else 0
    if size <= limits.bytes:
        size = 0
        async for part in request.stream():
            size += len(part)
            if size > limits.bytes:
                break
            yield part
    if size > limits.bytes:
        raise HTTPException(413, f'more than {limits.bytes:,} bytes')
