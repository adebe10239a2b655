"""The county on the ground: places, people, posts, work items and visits."""

from grid.models.account import Account
from grid.models.department import Department, DepartmentKey, KeyMinute, KeyNonce
from grid.models.household import Household, HouseholdEvent, HouseholdKind
from grid.models.membership import Membership, Relation
from grid.models.person import Person
from grid.models.post import Establishment, HouseholdException, Post
from grid.models.region import Region
from grid.models.visit import Outcome, Visit, VisitReport
from grid.models.work_item import (
    Severity,
    WorkItem,
    WorkItemEvent,
    WorkItemPurpose,
)

__all__ = [
    "Account",
    "Department",
    "DepartmentKey",
    "Establishment",
    "Household",
    "HouseholdEvent",
    "HouseholdException",
    "HouseholdKind",
    "KeyMinute",
    "KeyNonce",
    "Membership",
    "Outcome",
    "Person",
    "Post",
    "Region",
    "Relation",
    "Severity",
    "Visit",
    "VisitReport",
    "WorkItem",
    "WorkItemEvent",
    "WorkItemPurpose",
]
