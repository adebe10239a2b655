"""Department data, thresholds, rules, screening runs, alerts and clues."""

from monitoring.feeds import FEEDS
from monitoring.feeds.dibao_payment import DibaoPayment
from monitoring.feeds.disability_certificate import DisabilityCertificate
from monitoring.feeds.medical_settlement import MedicalSettlement
from monitoring.feeds.school_status import SchoolStatus
from monitoring.models.alert import Alert, AlertEvent, AlertState, Clue, Finding, Hit
from monitoring.models.rule import Rule, RuleVersion
from monitoring.models.screening import ScreeningRun
from monitoring.models.threshold import Threshold
from monitoring.models.upload import (
    Upload,
    UploadChunk,
    UploadFault,
    UploadUndo,
    UploadUndoRow,
)

__all__ = [
    "FEEDS",
    "Alert",
    "AlertEvent",
    "AlertState",
    "Clue",
    "DibaoPayment",
    "DisabilityCertificate",
    "Finding",
    "Hit",
    "MedicalSettlement",
    "Rule",
    "RuleVersion",
    "SchoolStatus",
    "ScreeningRun",
    "Threshold",
    "Upload",
    "UploadChunk",
    "UploadFault",
    "UploadUndo",
    "UploadUndoRow",
]
