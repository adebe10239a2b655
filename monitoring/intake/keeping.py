"""Files at rest: sealed pieces in the database, plain only in an unlinked temporary file."""

import struct
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import BinaryIO

from django.db import connection

from monitoring.intake.drawing import Drawn
from monitoring.models import Upload, UploadChunk
from yizhou.sealed import seal, unseal_bytes

PIECE = 1 << 20
COLUMN = f"{UploadChunk._meta.db_table}.sealed"


def keep(upload: Upload, file: BinaryIO, part: UploadChunk.Part) -> None:
    """Seal a file, replacing what was kept of it before."""
    UploadChunk.objects.filter(upload=upload, part=part).delete()
    file.seek(0)
    with connection.cursor() as cursor:
        cursor.copy_expert(COPY, Drawn(_sealed_rows(upload, part, file)))


# Binary COPY: the text form would double every sealed byte and have it parsed again.
COPY = (
    f"COPY {UploadChunk._meta.db_table} (upload_id, part, number, sealed)"
    " FROM STDIN WITH (FORMAT binary)"
)
HEAD, END = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"


def _sealed_rows(upload: Upload, part: UploadChunk.Part, file: BinaryIO) -> Iterator[bytes]:
    """Rows of UploadChunk in COPY's binary form."""
    yield HEAD
    number = 0
    while plain := file.read(PIECE):
        sealed = seal(plain, column=COLUMN, row=_row(upload, part, number))
        fields = (upload.pk.bytes, part.encode(), struct.pack("!i", number), sealed)
        yield struct.pack("!h", len(fields)) + b"".join(
            struct.pack("!i", len(field)) + field for field in fields
        )
        number += 1
    yield END


def pieces(upload: Upload, part: UploadChunk.Part) -> Iterator[bytes]:
    """The plain bytes, a piece at a time. Raises BrokenSeal when a piece was changed or moved."""
    chunks = UploadChunk.objects.filter(upload=upload, part=part).order_by("number")
    for number, sealed in chunks.values_list("number", "sealed").iterator(chunk_size=4):
        yield unseal_bytes(sealed, column=COLUMN, row=_row(upload, part, number))


@contextmanager
def plain_file(content: Iterable[bytes]) -> Iterator[BinaryIO]:
    """The content in a temporary file without a name: gone when the process is."""
    with tempfile.TemporaryFile() as file:
        file.writelines(content)
        file.flush()
        file.seek(0)
        yield file


def _row(upload: Upload, part: UploadChunk.Part, number: int) -> str:
    suffix = "" if part == UploadChunk.Part.FILE else f"{part}/"
    return f"{upload.pk}/{suffix}{number}"
