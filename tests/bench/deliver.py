"""One file from the first byte received to the receipt: python -m tests.bench.deliver FILE

A process of its own, so that its memory can be watched. Prints seconds and the batch's key.
"""

import os
import sys
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "yizhou.settings")

import django

django.setup()

from grid.models import Department
from monitoring.actions.upload_steps import advance_upload
from monitoring.actions.uploads import receive_upload
from monitoring.models import Upload


class Machine:
    """A department's machine: what receive_upload asks of a sender."""

    pk = account_id = key = None

    def __init__(self, department: Department) -> None:
        self.department = department
        self.display_name = f"{department.short_name}接口"

    def may(self, act: Any, *, code: str | None = None) -> bool:
        return True


def deliver(path: Path, feed: str, department: Department) -> Upload:
    """Receive, check and merge; ends the program when the batch was not merged."""
    with path.open("rb") as file:
        got = receive_upload(
            acting=Machine(department),
            feed=feed,
            file=file,
            filename=path.name,
            channel=Upload.Channel.API_FILE,
            on_faults=Upload.OnFaults.TAKE_GOOD,
        )
    while advance_upload(got.upload.pk):
        pass
    upload = Upload.objects.get(pk=got.upload.pk)
    if upload.stage != Upload.Stage.MERGED:
        sys.exit(f"{path.name} 没有入库：{upload.stage} {upload.refusal} {upload.job_error}")
    return upload


if __name__ == "__main__":
    began = time.perf_counter()
    batch = deliver(
        Path(sys.argv[1]), "medical_settlement", Department.objects.get(pk="medical_insurance")
    )
    sys.stdout.write(f"{time.perf_counter() - began} {batch.pk}\n")
