"""Tables of the ground floor, gathered for Django."""

from yizhou.audit import AuditEntry
from yizhou.workdays import CalendarDay

__all__ = ["AuditEntry", "CalendarDay"]
