"""The county on the ground: places, people, posts, work items and visits."""

from grid.models.account import Account
from grid.models.bulk_assignment import BulkAssignment, BulkAssignmentLine
from grid.models.campaign import Campaign, CampaignVillage
from grid.models.department import Department, DepartmentKey, KeyMinute, KeyNonce
from grid.models.discovery import Difficulty, HouseholdReport, ReportLimit
from grid.models.household import Household, HouseholdEvent, HouseholdKind
from grid.models.leave import Leave, LeaveItem
from grid.models.membership import Membership, Relation
from grid.models.notice import ClockPause, Notice, NoticeStep, OutgoingMessage, Stage
from grid.models.pairing import Pairing
from grid.models.past import HouseholdPast, PersonPast
from grid.models.person import Health, Labour, Person, Sex
from grid.models.phone import (
    Attachment,
    AttachmentPiece,
    Envelope,
    FactEdit,
    FieldKey,
    Phone,
)
from grid.models.post import Establishment, HouseholdException, Post
from grid.models.promise import Promise, PromiseEvent
from grid.models.region import Region
from grid.models.region_change import RegionChange
from grid.models.sign_in_tries import SignInTries
from grid.models.visit import Outcome, Visit, VisitReport
from grid.models.visit_minutes import VisitMinutes
from grid.models.visit_plan import PlanEntry, Rhythm, RoutineFigure, VisitCategory
from grid.models.work_item import (
    Severity,
    WorkItem,
    WorkItemEvent,
    WorkItemPurpose,
)

__all__ = [
    "Account",
    "Attachment",
    "AttachmentPiece",
    "BulkAssignment",
    "BulkAssignmentLine",
    "Campaign",
    "CampaignVillage",
    "ClockPause",
    "Department",
    "DepartmentKey",
    "Difficulty",
    "Envelope",
    "Establishment",
    "FactEdit",
    "FieldKey",
    "Health",
    "Household",
    "HouseholdEvent",
    "HouseholdException",
    "HouseholdKind",
    "HouseholdPast",
    "HouseholdReport",
    "KeyMinute",
    "KeyNonce",
    "Labour",
    "Leave",
    "LeaveItem",
    "Membership",
    "Notice",
    "NoticeStep",
    "Outcome",
    "OutgoingMessage",
    "Pairing",
    "Person",
    "PersonPast",
    "Phone",
    "PlanEntry",
    "Post",
    "Promise",
    "PromiseEvent",
    "Region",
    "RegionChange",
    "Relation",
    "ReportLimit",
    "Rhythm",
    "RoutineFigure",
    "Severity",
    "Sex",
    "SignInTries",
    "Stage",
    "Visit",
    "VisitCategory",
    "VisitMinutes",
    "VisitReport",
    "WorkItem",
    "WorkItemEvent",
    "WorkItemPurpose",
]
