"""After a visit: the floors above take its reports at once; what fails here, beat collects."""

import logging

from django.conf import settings
from django.utils.module_loading import import_string

from grid.models import Visit

log = logging.getLogger("yizhou.visits")


def offer(visit: Visit) -> None:
    """Call after commit. Nothing to offer when the visit reports on no work item."""
    if visit.work_item_id is None:
        return
    for name in settings.VISIT_COLLECTORS:
        try:
            import_string(name)(work_item_id=visit.work_item_id)
        except Exception:
            log.exception("reports of visit %s were not collected at once", visit.pk)
