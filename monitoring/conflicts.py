"""The kinds of contradiction between departments (数据打架): what each is, and its SQL.

Every statement reads current records only and gives one row of COLUMNS per contradiction. A value
must not change while the contradiction stays, so "paid after death" names the FIRST payment after
the day.

Source: issue of 20 departments' data; which of them the county pursues is to be confirmed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from psycopg2 import sql

from monitoring.feeds import FEEDS, Happening
from monitoring.models.conflict import REGISTRY, Fact

ANSWER_WORKDAYS = 10  # to be confirmed by the county
DOCUMENT = "待核定"
# Both sides say who tells it, in which record, and what in words.
COLUMNS = "person_id, left_feed, left_record, left_value, right_feed, right_record, right_value"


@dataclass(frozen=True, slots=True)
class ConflictKind:
    """One kind. `needs`: feeds without which it cannot be asked."""

    code: str
    title: str
    fact: Fact
    needs: tuple[str, ...]
    statement: str
    explanation: str

    def query(self) -> sql.Composable:
        tables: dict[str, sql.Composable] = {
            code: sql.Identifier(feed.model._meta.db_table) for code, feed in FEEDS.items()
        }
        found = sql.SQL(self.statement).format(
            **tables, deaths=_deaths(), wages=_wages(), names=_names()
        )
        return sql.SQL("SELECT * FROM ({}) found ({})").format(found, sql.SQL(COLUMNS))


# Which source is right by default, until the county decides otherwise (SourceOfTruth).
DEFAULT_TRUTH: dict[Fact, str] = {
    Fact.DEATH: "household_register_change",
    Fact.DISABILITY: "disability_certificate",
    Fact.HOUSEHOLD_SIZE: REGISTRY,
    Fact.SCHOOLING: "school_status",
    Fact.ALLOWANCE: "dibao_payment",
    Fact.NAME: REGISTRY,
    Fact.EMPLOYMENT: "salary_tax",
}

TOLD = "SELECT r.person_id, r.id, r.[on] FROM {table} r WHERE ([when])"
# (person_id, id, from_on, until_on, works, words): the term in which somebody is paid.
WAGES = {
    "salary_tax": (
        "SELECT r.person_id, r.id, r.month_on, r.month_on, true,"
        " to_char(r.month_on, 'YYYY-MM') || ' 有工资或劳务报酬' FROM {table} r"
        " WHERE r.kind IN ('wages', 'labour') AND r.month_on >= current_date - 400"
    ),
    "fiscal_payroll": (
        "SELECT r.person_id, r.id, r.since_on, coalesce(r.left_on, 'infinity'::date),"
        " r.kind <> 'retired', to_char(r.since_on, 'YYYY-MM') || ' 起财政供养' FROM {table} r"
        " WHERE r.standing = 'serving' OR r.left_on IS NOT NULL"
    ),
}


def _told(statements: dict[str, str], columns: str) -> list[sql.Composable]:
    """Every feed's own statement over current records of known people, with the feed's code."""
    return [
        sql.SQL(
            "SELECT t.person_id, {feed}::text AS feed, t.id AS record, {columns}"
            " FROM ({told}) t (person_id, id, {columns})"
            " JOIN {table} now ON now.id = t.id AND now.superseded_at IS NULL"
            " WHERE t.person_id IS NOT NULL"
        ).format(
            feed=sql.Literal(code),
            columns=sql.SQL(columns),
            told=sql.SQL(statement).format(table=_table(code)),
            table=_table(code),
        )
        for code, statement in statements.items()
        if code in FEEDS
    ]


def _table(code: str) -> sql.Composable:
    return sql.Identifier(FEEDS[code].model._meta.db_table)


def _deaths() -> sql.Composable:
    """(person_id, feed, record, dead_on): everything that says somebody died."""
    registry = sql.SQL(
        "SELECT id AS person_id, {}::text AS feed, NULL::bigint AS record, died_on AS dead_on"
        " FROM grid_person WHERE died_on IS NOT NULL"
    ).format(sql.Literal(REGISTRY))
    told = {
        code: TOLD.replace("[on]", told.on).replace("[when]", told.when)
        for code, feed in FEEDS.items()
        for told in feed.proposals
        if told.happening == Happening.DEATH
    }
    return sql.SQL(" UNION ALL ").join([registry, *_told(told, "dead_on")])


def _wages() -> sql.Composable:
    """(person_id, feed, record, from_on, until_on, works, words)."""
    return sql.SQL(" UNION ALL ").join(_told(WAGES, "from_on, until_on, works, words"))


def _names() -> sql.Composable:
    """(person_id, feed, record, person_name) of the last year's records, spaces and dots gone."""
    return sql.SQL(" UNION ALL ").join(
        sql.SQL(
            "SELECT r.person_id, {feed}::text AS feed, max(r.id) AS record, r.person_name"
            " FROM {table} r JOIN grid_person p ON p.id = r.person_id"
            " WHERE r.superseded_at IS NULL AND r.{day} >= current_date - 400"
            " AND r.person_name <> p.name"
            " AND translate(r.person_name, ' 　·•．.', '') <> translate(p.name, ' 　·•．.', '')"
            " GROUP BY r.person_id, r.person_name"
        ).format(
            feed=sql.Literal(code),
            table=sql.Identifier(feed.model._meta.db_table),
            day=sql.Identifier(feed.valid_on),
        )
        for code, feed in FEEDS.items()
    )


# The latest day anybody tells, so that a wrong early day accuses nobody; the registry before feeds.
_DEAD = (
    "SELECT DISTINCT ON (person_id) * FROM ({deaths}) every"
    " ORDER BY person_id, dead_on DESC, feed = 'registry' DESC, feed"
)


AFTER_DEATH = (
    "SELECT DISTINCT ON (d.person_id) d.person_id, d.feed, d.record,"
    " to_char(d.dead_on, 'YYYY-MM-DD') || ' 死亡', '[feed]', r.id, [words]"
    " FROM ([dead]) d JOIN {[feed]} r ON r.person_id = d.person_id AND r.[day] > d.dead_on"
    " WHERE r.superseded_at IS NULL AND [condition] ORDER BY d.person_id, r.[day], r.id"
)


def _after_death(feed: str, day: str, condition: str, words: str) -> str:
    """The first record of the feed that cannot be after a death."""
    statement = AFTER_DEATH.replace("[dead]", _DEAD)
    for name, value in (("feed", feed), ("day", day), ("condition", condition), ("words", words)):
        statement = statement.replace(f"[{name}]", value)
    return statement


_KINDS = (
    ConflictKind(
        code="dead_but_dibao",
        title="已死亡仍领低保",
        fact=Fact.DEATH,
        needs=("dibao_payment",),
        statement=_after_death(
            "dibao_payment", "month_on", "true", "to_char(r.month_on, 'YYYY-MM') || ' 发放低保'"
        ),
        explanation="死亡次月起仍有低保发放。",
    ),
    ConflictKind(
        code="dead_but_treated",
        title="已死亡仍有医保结算",
        fact=Fact.DEATH,
        needs=("medical_settlement",),
        # A stay that ended with the death is settled some days later.
        statement=_after_death(
            "medical_settlement",
            "settled_on",
            "r.kind = 'normal' AND r.settled_on > d.dead_on + 30",
            "to_char(r.settled_on, 'YYYY-MM-DD') || ' 医保结算'",
        ),
        explanation="死亡 30 天以后仍有医疗费用结算。",
    ),
    ConflictKind(
        code="dead_but_in_school",
        title="已死亡仍在读",
        fact=Fact.DEATH,
        needs=("school_status",),
        statement=_after_death(
            "school_status",
            "status_on",
            "r.standing = 'enrolled'",
            "r.term || ' 在读（' || r.school || '）'",
        ),
        explanation="死亡以后学籍状态仍为在读。",
    ),
    ConflictKind(
        code="death_days_differ",
        title="死亡日期不一致",
        fact=Fact.DEATH,
        needs=(),
        statement=(
            "WITH every AS MATERIALIZED ({deaths})"
            " SELECT a.person_id, a.feed, a.record, to_char(a.dead_on, 'YYYY-MM-DD') || ' 死亡',"
            " b.feed, b.record, to_char(b.dead_on, 'YYYY-MM-DD') || ' 死亡'"
            " FROM every a JOIN every b ON b.person_id = a.person_id AND a.dead_on < b.dead_on"
        ),
        explanation="两个来源登记的死亡日期不同。",
    ),
    ConflictKind(
        code="disability_levels_differ",
        title="两本残疾人证等级不同",
        fact=Fact.DISABILITY,
        needs=("disability_certificate",),
        statement=(
            "SELECT a.person_id, 'disability_certificate', a.id,"
            " to_char(a.issued_on, 'YYYY-MM-DD') || ' 发证，' || a.level || ' 级',"
            " 'disability_certificate', b.id,"
            " to_char(b.issued_on, 'YYYY-MM-DD') || ' 发证，' || b.level || ' 级'"
            " FROM {disability_certificate} a JOIN {disability_certificate} b"
            " ON b.person_id = a.person_id AND b.issued_on > a.issued_on"
            " WHERE a.superseded_at IS NULL AND b.superseded_at IS NULL"
            " AND a.standing = 'valid' AND b.standing = 'valid'"
            " AND a.valid_until_on >= current_date AND b.valid_until_on >= current_date"
            " AND a.level <> b.level"
        ),
        explanation="同一人有两本都有效的残疾人证，等级不同。换证后请把旧证报为“注销”。",
    ),
    ConflictKind(
        code="disabled_but_healthy",
        title="有残疾证，户籍登记为健康",
        fact=Fact.DISABILITY,
        needs=("disability_certificate",),
        statement=(
            "SELECT DISTINCT ON (r.person_id) r.person_id, 'registry', NULL::bigint, '健康',"
            " 'disability_certificate', r.id, '残疾 ' || r.level || ' 级'"
            " FROM {disability_certificate} r JOIN grid_person p ON p.id = r.person_id"
            " WHERE r.superseded_at IS NULL AND r.standing = 'valid'"
            " AND r.valid_until_on >= current_date AND p.health = 'healthy' AND p.died_on IS NULL"
            " ORDER BY r.person_id, r.issued_on DESC"
        ),
        explanation="残疾人证有效，农户档案里的健康状况却是“健康”。",
    ),
    ConflictKind(
        code="household_size_differs",
        title="低保人数与户内人口不符",
        fact=Fact.HOUSEHOLD_SIZE,
        needs=("dibao_payment",),
        # One person alone may be covered (单人保), so "1" accuses nobody.
        statement=(
            "SELECT x.person_id, 'registry', NULL::bigint, '在册 ' || h.size || ' 人',"
            " 'dibao_payment', x.id, '保障 ' || x.people || ' 人'"
            " FROM (SELECT DISTINCT ON (r.person_id) r.person_id, r.id, r.people"
            " FROM {dibao_payment} r WHERE r.superseded_at IS NULL AND r.person_id IS NOT NULL"
            " AND r.month_on >= current_date - 100 ORDER BY r.person_id, r.month_on DESC, r.id) x"
            " JOIN grid_person p ON p.id = x.person_id"
            " JOIN grid_household h ON h.id = p.household_id AND h.dissolved_on IS NULL"
            " WHERE x.people <> h.size AND x.people > 1"
        ),
        explanation="最近一个月的低保保障人数与农户档案的在册人口不同（单人保除外）。",
    ),
    ConflictKind(
        code="enrolled_twice",
        title="同一学期在两所学校在读",
        fact=Fact.SCHOOLING,
        needs=("school_status",),
        # The natural key keeps one current row a term: the other school's row was replaced by it.
        statement=(
            "SELECT DISTINCT ON (c.person_id, c.term) c.person_id,"
            " 'school_status', least(c.id, o.id), c.term || ' ' || least(c.school, o.school),"
            " 'school_status', greatest(c.id, o.id), c.term || ' ' || greatest(c.school, o.school)"
            " FROM {school_status} c JOIN {school_status} o ON o.person_id = c.person_id"
            " AND o.status_on > c.status_on - 15 AND o.term = c.term AND o.school <> c.school"
            " JOIN monitoring_upload u ON u.id = o.superseded_by_id AND NOT u.is_correction"
            " WHERE c.superseded_at IS NULL AND c.standing = 'enrolled'"
            " AND o.standing = 'enrolled' AND o.superseded_by_id <> o.upload_id"
            " AND c.status_on >= current_date - 400"
            " ORDER BY c.person_id, c.term, o.id"
        ),
        explanation="两周以内两所学校都报为在读。转学的，请原校报“转学”。",
    ),
    ConflictKind(
        code="rural_and_urban_dibao",
        title="同月领农村和城市低保",
        fact=Fact.ALLOWANCE,
        needs=("dibao_payment",),
        statement=(
            "SELECT DISTINCT ON (a.person_id) a.person_id,"
            " 'dibao_payment', a.id, to_char(a.month_on, 'YYYY-MM') || ' 农村低保',"
            " 'dibao_payment', b.id, to_char(b.month_on, 'YYYY-MM') || ' 城市低保'"
            " FROM {dibao_payment} b JOIN {dibao_payment} a ON a.person_id = b.person_id"
            " AND a.month_on = b.month_on AND a.kind = 'rural' AND a.superseded_at IS NULL"
            " WHERE b.superseded_at IS NULL AND b.kind = 'urban'"
            " AND b.month_on >= current_date - 400 ORDER BY a.person_id, a.month_on, a.id"
        ),
        explanation="同一人同一个月既发农村低保又发城市低保。",
    ),
    ConflictKind(
        code="tekun_and_dibao",
        title="特困人员又领低保",
        fact=Fact.ALLOWANCE,
        needs=("dibao_payment", "tekun_support"),
        statement=(
            "SELECT DISTINCT ON (a.person_id) a.person_id,"
            " 'tekun_support', a.id, to_char(a.approved_on, 'YYYY-MM-DD') || ' 认定特困',"
            " 'dibao_payment', b.id, to_char(b.month_on, 'YYYY-MM') || ' 发放低保'"
            " FROM {tekun_support} a JOIN {dibao_payment} b ON b.person_id = a.person_id"
            " AND b.month_on > a.approved_on AND b.month_on >= current_date - 400"
            " AND b.superseded_at IS NULL WHERE a.superseded_at IS NULL"
            " ORDER BY a.person_id, a.approved_on DESC, b.month_on, b.id"
        ),
        explanation="认定特困的次月起仍有低保发放；特困供养与低保不能同时享受。",
    ),
    ConflictKind(
        code="name_differs",
        title="同一身份证号姓名不同",
        fact=Fact.NAME,
        needs=(),
        statement=(
            "SELECT n.person_id, 'registry', NULL::bigint, p.name, n.feed, n.record, n.person_name"
            " FROM ({names}) n JOIN grid_person p ON p.id = n.person_id"
        ),
        explanation="身份证号相同，部门数据里的姓名与农户档案不同（空格和间隔号不算）。",
    ),
    ConflictKind(
        code="paid_but_unemployed",
        title="登记失业仍有工资",
        fact=Fact.EMPLOYMENT,
        needs=("employment_status", "salary_tax", "fiscal_payroll"),
        statement=(
            "SELECT DISTINCT ON (e.person_id) e.person_id, 'employment_status', e.id,"
            " to_char(e.since_on, 'YYYY-MM-DD') || ' 起失业', w.feed, w.record, w.words"
            " FROM {employment_status} e JOIN ({wages}) w ON w.person_id = e.person_id"
            " AND w.works AND w.until_on > e.since_on"
            " WHERE e.superseded_at IS NULL AND e.standing IN ('unemployed', 'returned')"
            " ORDER BY e.person_id, w.from_on, w.feed, w.record"
        ),
        explanation="登记为失业或返乡未就业，次月起却有工资记录。",
    ),
    ConflictKind(
        code="paid_but_dibao",
        title="有工资仍领低保",
        fact=Fact.EMPLOYMENT,
        needs=("dibao_payment", "salary_tax", "fiscal_payroll"),
        statement=(
            "SELECT DISTINCT ON (w.person_id) w.person_id, w.feed, w.record, w.words,"
            " 'dibao_payment', r.id, to_char(r.month_on, 'YYYY-MM') || ' 发放低保'"
            " FROM ({wages}) w JOIN {dibao_payment} r ON r.person_id = w.person_id"
            " AND r.month_on BETWEEN w.from_on AND w.until_on AND r.superseded_at IS NULL"
            " AND r.month_on >= current_date - 400"
            " ORDER BY w.person_id, r.month_on, w.from_on, w.feed, w.record, r.id"
        ),
        explanation="同一个月既有工资记录又有低保发放，须核实收入是否已计入。",
    ),
)

KINDS: dict[str, ConflictKind] = {
    kind.code: kind for kind in _KINDS if all(feed in FEEDS for feed in kind.needs)
}


def source_name(feed: str) -> str:
    """A side of a contradiction in words."""
    if feed == REGISTRY:
        return "农户档案"
    return FEEDS[feed].title if feed in FEEDS else feed


def departments_of_feeds() -> Sequence[tuple[str, str]]:
    """(feed, department): who answers for a feed; the registry belongs to no department."""
    return [(code, feed.department) for code, feed in FEEDS.items()]
