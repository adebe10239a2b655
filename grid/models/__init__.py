"""The county on the ground: places, people, posts, work items and visits."""

from grid.models.account import Account
from grid.models.bulk_assignment import BulkAssignment, BulkAssignmentLine
from grid.models.department import Department, DepartmentKey, KeyMinute, KeyNonce
from grid.models.household import Household, HouseholdEvent, HouseholdKind
from grid.models.leave import Leave, LeaveItem
from grid.models.membership import Membership, Relation
from grid.models.past import HouseholdPast, PersonPast
from grid.models.person import Health, Labour, Person, Sex
from grid.models.post import Establishment, HouseholdException, Post
from grid.models.region import Region
from grid.models.region_change import RegionChange
from grid.models.visit import Outcome, Visit, VisitReport
from grid.models.visit_minutes import VisitMinutes
from grid.models.work_item import (
    Severity,
    WorkItem,
    WorkItemEvent,
    WorkItemPurpose,
)

__all__ = [
    "Account",
    "BulkAssignment",
    "BulkAssignmentLine",
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
    "Leave",
    "LeaveItem",
    "Membership",
    "Outcome",
    "Person",
    "PersonPast",
    "Post",
    "Region",
    "RegionChange",
    "Relation",
    "Severity",
    "Sex",
    "Visit",
    "VisitMinutes",
    "VisitReport",
    "WorkItem",
    "WorkItemEvent",
    "WorkItemPurpose",
]
