"""The county on the ground: places, people, posts, work items and visits."""

from grid.models.account import Account
from grid.models.campaign import Campaign, CampaignVillage
from grid.models.department import Department, DepartmentKey, KeyMinute, KeyNonce
from grid.models.household import Household, HouseholdEvent, HouseholdKind
from grid.models.membership import Membership, Relation
from grid.models.notice import ClockPause, Notice, NoticeStep, OutgoingMessage, Stage
from grid.models.past import HouseholdPast, PersonPast
from grid.models.person import Health, Labour, Person, Sex
from grid.models.post import Establishment, HouseholdException, Post
from grid.models.region import Region
from grid.models.visit import Outcome, Visit, VisitReport
from grid.models.visit_plan import PlanEntry, Rhythm, RoutineFigure, VisitCategory
from grid.models.work_item import (
    Severity,
    WorkItem,
    WorkItemEvent,
    WorkItemPurpose,
)

__all__ = [
    "Account",
    "Campaign",
    "CampaignVillage",
    "ClockPause",
    "Department",
    "DepartmentKey",
    "Establishment",
    "Health",
    "Household",
    "HouseholdEvent",
    "HouseholdException",
    "HouseholdKind",
    "HouseholdPast",
    "KeyMinute",
    "KeyNonce",
    "Labour",
    "Membership",
    "Notice",
    "NoticeStep",
    "Outcome",
    "OutgoingMessage",
    "Person",
    "PersonPast",
    "PlanEntry",
    "Post",
    "Region",
    "Relation",
    "Rhythm",
    "RoutineFigure",
    "Severity",
    "Sex",
    "Stage",
    "Visit",
    "VisitCategory",
    "VisitReport",
    "WorkItem",
    "WorkItemEvent",
    "WorkItemPurpose",
]
