"""Department data, thresholds, rules, screening runs, alerts and clues."""

from monitoring.feeds import FEEDS
from monitoring.feeds.dibao_payment import DibaoPayment
from monitoring.feeds.disability_certificate import DisabilityCertificate
from monitoring.feeds.medical_settlement import MedicalSettlement
from monitoring.feeds.school_status import SchoolStatus
from monitoring.models.alert import (
    Alert,
    AlertEvent,
    AlertState,
    Annotation,
    Clue,
    Finding,
    Hit,
)
from monitoring.models.case import (
    Case,
    CasePause,
    CaseStep,
    Category,
    EliminationMode,
    Explanation,
    Relative,
)
from monitoring.models.conflict import DataConflict, DataConflictEvent, SourceOfTruth
from monitoring.models.kept import KeptMeasures
from monitoring.models.procedure import Procedure, ProcedureStep
from monitoring.models.proposal import RegistryProposal
from monitoring.models.reminder import DataReminder
from monitoring.models.rule import BackTest, Rule, RuleVersion
from monitoring.models.screening import RunComparison, ScreeningRun, ScreeningShard
from monitoring.models.stage import Duty, Paper, Risk, Stage
from monitoring.models.threshold import Threshold
from monitoring.models.transfer import Transfer, TransferPart
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
    "Annotation",
    "BackTest",
    "Case",
    "CasePause",
    "CaseStep",
    "Category",
    "Clue",
    "DataConflict",
    "DataConflictEvent",
    "DataReminder",
    "DibaoPayment",
    "DisabilityCertificate",
    "Duty",
    "EliminationMode",
    "Explanation",
    "Finding",
    "Hit",
    "KeptMeasures",
    "MedicalSettlement",
    "Paper",
    "Procedure",
    "ProcedureStep",
    "RegistryProposal",
    "Relative",
    "Risk",
    "Rule",
    "RuleVersion",
    "SchoolStatus",
    "RunComparison",
    "ScreeningRun",
    "ScreeningShard",
    "SourceOfTruth",
    "Stage",
    "Threshold",
    "Transfer",
    "TransferPart",
    "Upload",
    "UploadChunk",
    "UploadFault",
    "UploadUndo",
    "UploadUndoRow",
]
