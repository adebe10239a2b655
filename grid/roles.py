"""Who may do what: the one table of roles, what they see, and the acts they may perform.

Source: the "4+2+2" structure (四级网格长, 信息员, 一级和二级网格员) is Yizhou's own; which office
holds which head is to be confirmed (docs/glossary.md).
"""

from dataclasses import dataclass
from enum import StrEnum

from django.db import models


class Level(models.TextChoices):
    """Levels of the region tree, top down; each level's codes begin with its parent's."""

    COUNTY = "county", "县（区）"
    TOWNSHIP = "township", "乡镇"
    VILLAGE = "village", "村（社区）"
    TUN = "tun", "屯"
    GRID = "grid", "网格"


CODE_LENGTH = {
    Level.COUNTY: 6,
    Level.TOWNSHIP: 9,
    Level.VILLAGE: 12,
    Level.TUN: 15,
    Level.GRID: 17,
}


class Role(models.TextChoices):
    COUNTY_HEAD = "county_head", "县级网格长"
    TOWNSHIP_HEAD = "township_head", "乡级网格长"
    VILLAGE_HEAD = "village_head", "村级网格长"
    TUN_HEAD = "tun_head", "屯级网格长"
    INFO_OFFICER = "info_officer", "防止返贫监测信息员"
    GRID_WORKER_1 = "grid_worker_1", "一级网格员"
    GRID_WORKER_2 = "grid_worker_2", "二级网格员"
    VILLAGE_ASSISTANT = "village_assistant", "村级协理员"
    SOCIAL_STATION = "social_station", "社工站社工"
    VOLUNTEER = "volunteer", "志愿者"
    TOWNSHIP_OFFICER = "township_officer", "乡镇审核员"
    COUNTY_OFFICER = "county_officer", "县级监测专员"
    COUNTY_LEADER = "county_leader", "县领导"
    DEPARTMENT_CLERK = "department_clerk", "数据报送员"
    AUDITOR = "auditor", "审计员"
    ADMINISTRATOR = "administrator", "系统管理员"


class Act(StrEnum):
    """Acts that need a right beyond seeing. Each action names the one it asks for."""

    ASSIGN_WORK = "assign_work"
    RECORD_VISIT = "record_visit"
    REPORT_HOUSEHOLD = "report_household"
    SETTLE_ALERT = "settle_alert"
    REVEAL_IDENTITY = "reveal_identity"
    UPLOAD_DATA = "upload_data"
    RUN_SCREENING = "run_screening"
    WRITE_RULES = "write_rules"
    APPOINT = "appoint"
    EDIT_REGISTRY = "edit_registry"
    GRANT_EXCEPTION = "grant_exception"
    MANAGE_KEYS = "manage_keys"
    READ_AUDIT = "read_audit"
    PLAN_VISITS = "plan_visits"
    OPEN_CAMPAIGN = "open_campaign"


@dataclass(frozen=True, slots=True)
class RoleRule:
    """Where a role is held, how many seats a region has, and which acts it carries.

    `one_by_one`: sees only households of its own there (pairings, visits given to it), unless
    settings.SECOND_LEVEL_SEES_GRID. `only_reports`: sees nothing of the place, not even who works
    there; only what the holder reported.
    """

    level: Level | None
    acts: frozenset[Act]
    seats: int | None = 1  # None: as many as appointed; otherwise vacancies are counted
    sees_people: bool = True
    one_by_one: bool = False
    only_reports: bool = False


_FIELD = frozenset({Act.RECORD_VISIT, Act.REPORT_HOUSEHOLD})
_STAFF = _FIELD | {Act.ASSIGN_WORK}
_TOWNSHIP = _STAFF | {
    Act.SETTLE_ALERT,
    Act.REVEAL_IDENTITY,
    Act.EDIT_REGISTRY,
    Act.APPOINT,
    Act.OPEN_CAMPAIGN,
}
_COUNTY = _TOWNSHIP | {
    Act.RUN_SCREENING,
    Act.WRITE_RULES,
    Act.UPLOAD_DATA,
    Act.GRANT_EXCEPTION,
    Act.MANAGE_KEYS,
    Act.PLAN_VISITS,
}


def _narrow(level: Level) -> RoleRule:
    """Those who only tell of households they met. Source: reference 1.3 [seed]."""
    acts = frozenset({Act.REPORT_HOUSEHOLD})
    return RoleRule(level, acts, seats=None, sees_people=False, only_reports=True)


ROLES: dict[Role, RoleRule] = {
    Role.COUNTY_HEAD: RoleRule(Level.COUNTY, frozenset({Act.ASSIGN_WORK})),
    Role.TOWNSHIP_HEAD: RoleRule(Level.TOWNSHIP, frozenset({Act.ASSIGN_WORK})),
    Role.VILLAGE_HEAD: RoleRule(Level.VILLAGE, _STAFF | {Act.EDIT_REGISTRY}),
    Role.TUN_HEAD: RoleRule(Level.TUN, _FIELD),
    Role.INFO_OFFICER: RoleRule(Level.VILLAGE, _STAFF | {Act.EDIT_REGISTRY}, seats=2),
    Role.GRID_WORKER_1: RoleRule(Level.GRID, _FIELD),
    Role.GRID_WORKER_2: RoleRule(Level.GRID, _FIELD, seats=None, one_by_one=True),
    Role.VILLAGE_ASSISTANT: _narrow(Level.VILLAGE),
    Role.SOCIAL_STATION: _narrow(Level.TOWNSHIP),
    Role.VOLUNTEER: _narrow(Level.VILLAGE),
    Role.TOWNSHIP_OFFICER: RoleRule(Level.TOWNSHIP, frozenset(_TOWNSHIP), seats=None),
    Role.COUNTY_OFFICER: RoleRule(Level.COUNTY, frozenset(_COUNTY), seats=None),
    Role.COUNTY_LEADER: RoleRule(Level.COUNTY, frozenset(), seats=None),
    Role.DEPARTMENT_CLERK: RoleRule(
        None, frozenset({Act.UPLOAD_DATA}), seats=None, sees_people=False
    ),
    Role.AUDITOR: RoleRule(
        Level.COUNTY, frozenset({Act.READ_AUDIT}), seats=None, sees_people=False
    ),
    Role.ADMINISTRATOR: RoleRule(
        Level.COUNTY, frozenset({Act.APPOINT, Act.MANAGE_KEYS}), seats=None, sees_people=False
    ),
}

# A household without a first-level worker goes up this chain; the first filled post takes it.
VISIT_CHAIN: tuple[Role, ...] = (
    Role.GRID_WORKER_1,
    Role.TUN_HEAD,
    Role.INFO_OFFICER,
    Role.VILLAGE_HEAD,
)
