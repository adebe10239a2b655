"""Twenty-four months of every department's records for a county that has only some of them.

Made inside the database from the registry (INSERT .. SELECT), by hashes of the person's key, so the
same registry always gives the same records. A few of a hundred or a thousand are in trouble. Rows
lie in the table month by month, as they would have been delivered.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from django.db import connection, models, transaction
from django.utils import timezone

from grid.departments import DEPARTMENTS
from grid.models import Department
from monitoring.feeds import FEEDS, Feed
from monitoring.models import Upload
from tests.bench.tables import bare, run

WHOLE = 10_000  # shares are of ten thousand
CHECKED = 30_000  # rows of each feed that its own checks are tried on
OLDER = 200  # days between a version and the one that superseded it


@dataclass(frozen=True, slots=True)
class Fill:
    """How one feed is filled: for whom, how many rows each, on which day `d`, with what.

    SQL over person `w`, repetition `n` (from 0) and `p.today`. `older`: share of rows that have a
    superseded version with other figures.
    """

    columns: Mapping[str, str]
    share: int = WHOLE
    who: str = "TRUE"
    times: int = 1
    on: str = ""
    older: int = 0


def dice(salt: int, sides: int) -> str:
    """0 .. sides - 1, another one for every person, repetition and version."""
    hashed = f"hashint8extended(w.person_id * 64 + n, {salt} + v.v)"
    return f"(({hashed} & 2147483647) % {sides})::integer"


def choose(salt: int, **thousandths: int) -> str:
    """One of the names by its weight of a thousand; the last one takes the rest."""
    *named, (rest, _) = thousandths.items()
    whens, upto = [], 0
    for name, weight in named:
        upto += weight
        whens.append(f"WHEN {dice(salt, 1000)} < {upto} THEN '{name}'")
    return f"CASE {' '.join(whens)} ELSE '{rest}' END"


def yuan(salt: int, least: int, most: int) -> str:
    return f"({least} + {dice(salt, (most - least) * 100)} / 100.0)::numeric(12,2)"


DAY = f"p.today - {dice(1, 730)}"  # any day of 24 months
MONTH = "(date_trunc('month', p.today) - (n + 1) * interval '1 month')::date"
TERM = "(p.today - 20 - n * interval '6 months')::date"
NUMBER = "'B' || w.person_id || '-' || n"
HEAD = "w.is_head"
WORKING = "w.age BETWEEN 16 AND 59"


def harmed(number: str) -> dict[str, str]:
    return {
        number: NUMBER,
        "happened_on": "d",
        "harm": choose(2, light=700, serious=200, disabled=100),
        "died_on": "NULL",
        "compensation": choose(3, none=300, partly=300, full=400),
    }


FILLS: dict[str, Fill] = {
    "medical_enrolment": Fill(
        {
            "insured_year": "extract(year FROM p.today)::int - n",
            "scheme": choose(2, employee=80, resident=920),
            "standing": choose(3, suspended=5, insured=995),
            "payer": f"CASE WHEN w.low AND {dice(4, 100)} < 97 THEN 'part_aid' ELSE 'self' END",
            "paid_yuan": "400",
            "paid_on": "d - 20",
            "counted_on": "d",
        },
        share=9_850,
        times=2,
        on="(p.today - 10 - n * interval '1 year')::date",
    ),
    "serious_illness": Fill(
        {
            "disease": choose(2, stroke=300, lung_cancer=200, kidney_failure=200, copd=300),
            "disease_detail": "''",
            "diagnosed_on": "d",
            "hospital": "'宜州区人民医院'",
            "treatment": choose(3, waiting=40, given_up=20, ended=240, treated=700),
        },
        share=60,
        on=DAY,
        older=2_000,
    ),
    "severe_mental_disorder": Fill(
        {
            "managed_since_on": "d - 700",
            "risk": f"CASE WHEN {dice(2, 100)} < 4 THEN 3 ELSE {dice(3, 3)} END",
            "assessed_on": "d",
        },
        share=50,
        on=f"p.today - {dice(1, 90)}",
        older=5_000,
    ),
    "dibao_payment": Fill(
        {
            "kind": "'rural'",
            "people": "1",
            "month_on": "d",
            "amount_yuan": yuan(2, 200, 700),
            "paid_on": "d + 9",
        },
        share=2_000,  # 3 % of everybody
        who="w.low",
        times=24,
        on=MONTH,
    ),
    "tekun_support": Fill(
        {
            "mode": "'at_home'",
            "care": choose(2, half=150, full=50, none=800),
            "institution": "''",
            "approved_on": "d",
            "basic_yuan_month": yuan(3, 700, 900),
            "care_yuan_month": "200",
        },
        share=40,
        on=DAY,
    ),
    "low_income_list": Fill(
        {
            "kind": choose(2, rigid=300, marginal=700),
            "people": "w.size",
            "per_head_yuan_month": yuan(3, 300, 900),
            "rigid_expense_yuan": yuan(4, 5_000, 30_000),
            "reason": choose(5, illness=500, disability=200, schooling=100, low_wage=200),
            "recognised_on": "d",
            "valid_until_on": "d + 365",
        },
        share=150,
        on=DAY,
    ),
    "dibao_exit": Fill(
        {
            "kind": "'rural'",
            "ending": "'ended'",
            "stopped_on": "d",
            "reason": choose(2, income=600, property=200, own_wish=100, death=100),
            "reason_detail": "''",
            "people": "1",
            "last_amount_yuan": yuan(3, 200, 700),
        },
        share=30,
        on=DAY,
    ),
    "temporary_relief": Fill(
        {
            "case_no": NUMBER,
            "kind": choose(2, urgent=600, expense=400),
            "standard": "'general'",
            "form": "'money'",
            "reason": "'因病支出较大'",
            "people": "1",
            "amount_yuan": yuan(3, 300, 6_000),
            "decided_on": "d",
            "paid_on": "d + 10",
        },
        share=60,
        times=2,
        on=DAY,
    ),
    "funeral_record": Fill(
        {
            "died_on": "d",
            "way": "'burial'",
            "buried_on": "d + 3",
            "place": "''",
            "certificate_no": NUMBER,
        },
        share=4,
        on=DAY,
    ),
    "disability_certificate": Fill(
        {
            "category": choose(2, limb=600, sight=100, hearing=100, intellect=100, mental=100),
            "level": f"1 + {dice(3, 4)}",
            "issued_on": "d",
            "valid_until_on": "d + 3650",
            "standing": choose(4, cancelled=10, expired=20, valid=970),
        },
        share=400,
        on=f"p.today - {dice(1, 3800)}",
        older=1_000,
    ),
    "school_status": Fill(
        {
            "term": "to_char(d, 'YYYY') || CASE WHEN extract(month FROM d) > 6 THEN '秋'"
            " ELSE '春' END",
            "school": "'宜州区第' || w.household_id % 90 || '学校'",
            "stage": "CASE WHEN w.age < 6 THEN 'preschool' WHEN w.age < 12 THEN 'primary'"
            " WHEN w.age < 15 THEN 'junior' WHEN w.age < 18 THEN 'senior' ELSE 'college' END",
            "standing": choose(2, suspected_dropout=3, suspended=4, enrolled=993),
            "absent_days": f"CASE WHEN {dice(2, 1000)} < 3 THEN 3 + {dice(3, 40)} ELSE 0 END",
            "status_on": "d",
        },
        who="w.age BETWEEN 3 AND 22",
        times=4,
        on=TERM,
    ),
    "education_cost": Fill(
        {
            "year": "extract(year FROM d)::int",
            "school": "'宜州区第' || w.household_id % 20 || '高中'",
            "stage": "CASE WHEN w.age < 18 THEN 'senior' ELSE 'college' END",
            "ownership": choose(2, private=150, public=850),
            "cost_yuan": f"12000 + ({dice(3, 20)} * 500)",
            "aid_yuan": "5000",
            "net_yuan": f"7000 + ({dice(3, 20)} * 500)",
            "aid_names": "'国家助学金'",
            "counted_on": "d",
        },
        who="w.age BETWEEN 15 AND 22",
        times=2,
        on="(p.today - 40 - n * interval '1 year')::date",
    ),
    "employment_status": Fill(
        {
            "standing": choose(2, unemployed=30, returned=20, working=950),
            "since_on": "d",
            "channel": f"CASE WHEN {dice(2, 1000)} < 50 THEN 'none'"
            f" WHEN {dice(3, 100)} < 4 THEN 'welfare_post' ELSE 'away' END",
            "place": "'广东省佛山市'",
            "employer": "''",
            "wage_yuan_month": f"CASE WHEN {dice(2, 1000)} >= 50 THEN {yuan(4, 1_500, 6_500)} END",
            "counted_on": "greatest(d, p.today - 15)",
        },
        share=4_500,
        who=WORKING,
        on=DAY,
        older=3_000,
    ),
    "wage_arrears": Fill(
        {
            "case_no": NUMBER,
            "employer": "'某建筑劳务公司'",
            "owed_from_on": "date_trunc('month', d - 150)::date",
            "owed_until_on": "date_trunc('month', d - 40)::date",
            "owed_yuan": yuan(2, 3_000, 40_000),
            "paid_yuan": "0",
            "reported_on": "d",
            "standing": choose(3, checked=300, opened=700),
        },
        share=10,
        who=WORKING,
        on=DAY,
    ),
    "house_safety": Fill(
        {
            "house_no": NUMBER,
            "place": "'宜州区某屯'",
            "grade": choose(2, D=2, C=8, B=390, A=600),
            "appraised_on": "d",
            "appraiser": "'某鉴定所'",
            "lived_in": "'lived_in'",
            "remedy": f"CASE WHEN {dice(2, 1000)} >= 10 THEN 'not_needed'"
            f" ELSE {choose(3, pending=400, repairing=200, repaired=400)} END",
        },
        who=HEAD,
        on=DAY,
        older=1_500,
    ),
    "water_supply": Fill(
        {
            "supply": choose(2, scattered=80, piped=920),
            "litres_per_head_day": f"CASE WHEN {dice(3, 1000)} < 8 THEN 15 ELSE 40 END"
            f" + {dice(4, 40)}",
            "quality": choose(5, bad=6, fair=94, good=900),
            "fetch_minutes": f"CASE WHEN {dice(6, 1000)} < 5 THEN 45 ELSE 0 END",
            "fetch_metres": f"CASE WHEN {dice(6, 1000)} < 5 THEN 1200 ELSE 0 END",
            "fetch_climb_metres": "0",
            "cut_days": f"CASE WHEN {dice(7, 1000)} < 5 THEN 30 ELSE 0 END + {dice(8, 10)}",
            "longest_cut_days": f"CASE WHEN {dice(7, 1000)} < 5 THEN 20 ELSE 0 END + {dice(8, 10)}",
            "verdict": f"CASE WHEN {dice(5, 1000)} < 6 THEN 'unsafe' ELSE 'safe' END",
            "tested_on": "d",
        },
        who=HEAD,
        on=f"p.today - {dice(1, 400)}",
        older=5_000,
    ),
    "disaster_damage": Fill(
        {
            "kind": choose(2, flood=600, geological=200, fire=200),
            "happened_on": "d",
            "house": choose(3, none=600, light=300, heavy=80, collapsed=20),
            "rooms": f"CASE WHEN {dice(3, 1000)} < 600 THEN 0 ELSE 1 + {dice(4, 3)} END",
            "loss_yuan": yuan(5, 500, 40_000),
            "relief_yuan": yuan(6, 0, 400),
            "moved_people": "0",
            "injured_people": f"CASE WHEN {dice(7, 100)} < 2 THEN 1 ELSE 0 END",
        },
        share=50,
        who=HEAD,
        on=DAY,
    ),
    "household_register_change": Fill(
        {
            "kind": choose(2, move_out=300, move_in=600, new_household=90, death=10),
            "happened_on": "d",
            "registered_on": "d + 5",
            "household_no": "''",
            "from_place": "'柳州市'",
            "to_place": "'南宁市'",
        },
        share=200,
        on=f"p.today - 5 - {dice(1, 720)}",
    ),
    "criminal_case_harm": Fill(harmed("case_no"), share=3, on=DAY),
    "traffic_accident": Fill(
        harmed("accident_no")
        | {"liability": choose(4, full=200, main=200, equal=200, minor=200, none=200)},
        share=6,
        on=DAY,
    ),
    "vehicle_registration": Fill(
        {
            "plate": "'桂' || w.person_id",
            "kind": choose(2, car=500, motorcycle=400, farm=60, lorry=40),
            "operation": choose(3, trade=60, private=940),
            "registered_on": "d",
            "standing": "'held'",
            "ended_on": "NULL",
        },
        share=1_500,
        who=HEAD,
        on=f"p.today - {dice(1, 3000)}",
    ),
    "industry_project": Fill(
        {
            "project": "'油茶种植'",
            "project_year": "extract(year FROM d)::int",
            "kind": choose(2, planting=500, livestock=500),
            "standing": choose(3, failed=15, struggling=40, running=945),
            "invested_yuan": yuan(4, 1_000, 20_000),
            "subsidy_yuan": yuan(5, 500, 3_000),
            "income_yuan": yuan(6, 0, 20_000),
            "last_income_yuan": yuan(7, 0, 20_000),
            "failed_on": f"CASE WHEN {dice(3, 1000)} < 15 THEN d - 30 END",
            "failed_because": f"CASE WHEN {dice(3, 1000)} < 15 THEN '非洲猪瘟' ELSE '' END",
            "counted_on": "d",
        },
        share=800,
        who=HEAD,
        times=2,
        on="(p.today - 30 - n * interval '1 year')::date",
    ),
    "forest_loss": Fill(
        {
            "cause": choose(2, pest=500, weather=400, fire=100),
            "plants": "'桉树'",
            "happened_on": "d",
            "loss_yuan": yuan(3, 500, 30_000),
            "standing": "'assessed'",
            "compensated_yuan": "NULL",
            "compensated_on": "NULL",
        },
        share=20,
        who=HEAD,
        on=DAY,
    ),
    "hazard_point": Fill(
        {
            "point_no": "'YZ' || w.household_id % 400",
            "kind": choose(2, landslide=600, rockfall=400),
            "found_on": "d",
            "people": "w.size",
            "standing": choose(3, watched=850, leaving=50, treated=100),
            "moved_on": "NULL",
        },
        share=30,
        who=HEAD,
        on=f"p.today - {dice(1, 2000)}",
    ),
    "property_title": Fill(
        {
            "title_no": NUMBER,
            "kind": choose(2, flat=500, rural_home=400, shop=100),
            "origin": "'bought'",
            "registered_on": "d",
            "standing": "'held'",
            "ended_on": "NULL",
        },
        share=400,
        who=HEAD,
        on=f"p.today - {dice(1, 3000)}",
    ),
    "business_registration": Fill(
        {
            "credit_code": "'9245' || lpad(w.person_id::text, 14, '0')",
            "business_name": "'宜州区某小卖部'",
            "kind": "'self_employed'",
            "capacity": "'owner'",
            "registered_on": "d - 900",
            "standing": choose(2, closed=40, revoked=10, open=950),
            "standing_on": "d",
        },
        share=500,
        who=HEAD,
        on=DAY,
    ),
    "salary_tax": Fill(
        {
            "kind": choose(2, business=100, wages=900),
            "payer": "'某有限公司'",
            "month_on": "d",
            "income_yuan": yuan(3, 2_000, 9_000),
            "tax_yuan": "0",
        },
        share=500,
        times=24,
        on=MONTH,
    ),
    "one_card_payment": Fill(
        {
            "payment_no": NUMBER,
            "project": choose(2, 耕地地力保护补贴=400, 生态公益林补偿=300, 高龄补贴=300),
            "office": "'农业农村局'",
            "month_on": "d",
            "amount_yuan": yuan(3, 20, 400),
            "paid_on": "d + 12",
            "standing": choose(4, failed=4, paid=996),
        },
        share=2_500,
        times=12,
        on="(date_trunc('month', p.today) - (2 * n + 1) * interval '1 month')::date",
    ),
    "fiscal_payroll": Fill(
        {
            "employer": "'宜州区某单位'",
            "kind": choose(2, official=200, institution=400, contract=200, village=200),
            "since_on": "d",
            "standing": "'serving'",
            "left_on": "NULL",
        },
        share=150,
        who=WORKING,
        on=f"p.today - {dice(1, 4000)}",
    ),
    "overdue_loan": Fill(
        {
            "bank": "'宜州区某农村商业银行'",
            "loan_no": NUMBER,
            "kind": choose(2, micro=500, farmer=400, student=100),
            "due_on": "d - 40",
            "principal_yuan": "50000",
            "overdue_yuan": yuan(3, 1_000, 50_000),
            "overdue_days": "40",
            "standing": "'overdue'",
            "standing_on": "d",
        },
        share=30,
        on=DAY,
    ),
    "bank_deposit": Fill(
        {
            "query_no": NUMBER,
            "bank": "'宜州区某农村商业银行'",
            "authorised_on": "d - 5",
            "queried_on": "d",
            "result": choose(2, above=80, no_account=100, within=820),
        },
        share=100,
        on=DAY,
    ),
    "petition": Fill(
        {
            "petition_no": NUMBER,
            "channel": "'visit'",
            "topic": choose(2, living=300, illness=200, housing=200, work=300),
            "received_on": "d",
            "standing": "'received'",
            "closed_on": "NULL",
        },
        share=30,
        on=DAY,
    ),
    "veteran_aid": Fill(
        {
            "category": "'elderly'",
            "hardship": choose(2, living=500, illness=500),
            "found_on": "d",
            "aid_yuan": "NULL",
            "aided_on": "NULL",
        },
        share=20,
        on=DAY,
    ),
    "women_case": Fill(
        {
            "kind": choose(2, two_cancers=500, living=400, rights=100),
            "found_on": "d",
            "help": choose(3, needed=300, under_way=700),
            "aid_yuan": "NULL",
        },
        share=10,
        who="w.sex = 'F'",
        on=DAY,
    ),
    "union_hardship": Fill(
        {
            "grade": choose(2, deep=300, relative=700),
            "cause": choose(3, illness=600, jobless=400),
            "employer": "''",
            "filed_on": "d",
            "standing": "'listed'",
            "ended_on": "NULL",
        },
        share=10,
        on=DAY,
    ),
    "court_case": Fill(
        {
            "case_no": NUMBER,
            "part": choose(2, debtor=700, creditor=200, victim=100),
            "filed_on": "d",
            "claimed_yuan": yuan(3, 2_000, 200_000),
            "received_yuan": "0",
            "standing": "'running'",
        },
        share=30,
        on=DAY,
    ),
    "imprisonment": Fill(
        {
            "started_on": "d",
            "standing": choose(2, held=700, community=300),
            "ends_on": "d + 900",
            "released_on": "NULL",
        },
        share=10,
        on=DAY,
    ),
    "power_use": Fill(
        {
            "account_no": "w.person_id::text",
            "supply": "'home'",
            "month_on": "d",
            "kwh": f"CASE WHEN {dice(2, 1000)} < 15 THEN 0 ELSE 20 + {dice(3, 180)} END",
            "owed_yuan": f"CASE WHEN {dice(4, 1000)} < 5 THEN 80 ELSE 0 END",
            "standing": f"CASE WHEN {dice(4, 1000)} < 2 THEN 'cut' ELSE 'normal' END",
        },
        who=HEAD,
        times=24,
        on=MONTH,
    ),
    "youth_hardship": Fill(
        {
            "kind": choose(2, left_behind=700, alone=50, schooling=250),
            "found_on": "d",
            "help": choose(3, needed=300, under_way=700),
            "project": "''",
            "aid_yuan": "NULL",
        },
        share=40,
        who="w.age BETWEEN 6 AND 18",
        on=DAY,
    ),
    "public_opinion_clue": Fill(
        {
            "clue_no": NUMBER,
            "channel": choose(2, fundraising=500, hotline=500),
            "topic": choose(3, illness=600, accident=200, living=200),
            "found_on": "d",
            "gist": "'家人患病，网上筹款'",
        },
        share=3,
        on=DAY,
    ),
    "approvals_clue": Fill(
        {
            "business_no": NUMBER,
            "matter": "'个体工商户注销登记'",
            "topic": choose(2, closing=600, illness=200, living=200),
            "accepted_on": "d",
            "result": "'granted'",
            "finished_on": "d + 1",
        },
        share=5,
        on=DAY,
    ),
    "insurance_claim": Fill(
        {
            "claim_no": NUMBER,
            "cause": choose(2, illness=700, accident=300),
            "happened_on": "d - 10",
            "opened_on": "d",
            "loss_yuan": yuan(3, 6_000, 40_000),
            "standing": "'paid'",
            "paid_yuan": yuan(4, 1_000, 6_000),
            "paid_on": "d + 20",
        },
        share=50,
        on=DAY,
    ),
}

PEOPLE = """
CREATE UNLOGGED TABLE bench_people AS
SELECT p.id AS person_id, p.household_id, p.id_digest, p.id_tail, p.name, p.sex, h.size,
       extract(year FROM age(p.born_on))::integer AS age, p.id = h.head_id AS is_head,
       h.kind <> 'ordinary' OR (hashint8extended(h.id, 1) & 2147483647) % 100 < 7 AS low
FROM grid_person p JOIN grid_household h ON h.id = p.household_id
WHERE p.died_on IS NULL AND p.id_digest IS NOT NULL AND h.dissolved_on IS NULL
"""


def fill_records() -> int:
    """Fill every feed but the settlements; how many rows came in.

    People who already have a row of a feed get none. Raises AssertionError when rows break the
    feed's own checks.
    """
    for code, (name, short) in DEPARTMENTS.items():
        Department.objects.get_or_create(pk=code, defaults={"name": name, "short_name": short})
    run("DROP TABLE IF EXISTS bench_people")
    run(PEOPLE)
    run("ANALYZE bench_people")
    rows = 0
    for salt, (code, fill) in enumerate(FILLS.items()):
        rows += _fill(FEEDS[code], fill, salt * 1_000)
    run("DROP TABLE bench_people")
    return rows


def _fill(feed: Feed, fill: Fill, salt: int) -> int:
    wanted = set(feed.contract) - {"id_number", "person_name"}
    assert set(fill.columns) == wanted, (feed.code, wanted ^ set(fill.columns))
    before, now = _batch(feed, "older"), _batch(feed, "now")
    with transaction.atomic(), bare(feed.model._meta.db_table):
        run("SET LOCAL work_mem = '256MB'")
        rows = 0
        if fill.older:
            rows += run(_insert(feed, fill, salt, version=1, batch=before, by=now))
        rows += run(_insert(feed, fill, salt, version=0, batch=now, by=now))
    for batch in (before, now):
        count = feed.model.objects.filter(upload=batch).count()
        Upload.objects.filter(pk=batch).update(rows_in=count, accepted=count, stage="merged")
    _check(feed, now)
    return rows


def _batch(feed: Feed, which: str) -> UUID:
    moment = timezone.now()
    batch = Upload.objects.create(
        feed=feed.code,
        department_id=feed.department,
        channel=Upload.Channel.API_FILE,
        filename=f"bench_{feed.code}_{which}.csv",
        size_bytes=0,
        sha256=uuid4().hex,
        on_faults=Upload.OnFaults.TAKE_GOOD,
        stage=Upload.Stage.MERGING,
        checked_at=moment,
        merged_at=moment,
    )
    return batch.pk


def _insert(feed: Feed, fill: Fill, salt: int, *, version: int, batch: UUID, by: UUID) -> str:
    """INSERT of all rows of version 0 (standing) or 1 (superseded by batch `by`)."""
    table = feed.model._meta.db_table
    names = ", ".join(_column(feed.model, name) for name in fill.columns)
    chosen = f"((hashint8extended(w.person_id, {salt}) & 2147483647) % {WHOLE}) < {fill.share}"
    day, superseded, superseded_by = "f.standing_day", "NULL", "NULL"
    if version:
        chosen += f" AND (hashint8extended(w.person_id, {salt} + 7) & 2147483647) % {WHOLE}"
        chosen += f" < {fill.older}"
        day = f"f.standing_day - {OLDER}"
        superseded, superseded_by = _received("f.standing_day"), f"'{by}'"
    return f"""
        INSERT INTO {table} (id_digest, id_tail, person_name, person_id, upload_id, row_number,
            content_hash, received_at, superseded_at, superseded_by_id, {names})
        SELECT w.id_digest, w.id_tail, w.name, w.person_id, '{batch}', row_number() OVER (),
               w.id_digest, {_received("d")}, {superseded}::timestamptz, {superseded_by}::uuid,
               {", ".join(fill.columns.values())}
        FROM bench_people w
        CROSS JOIN generate_series(0, {fill.times - 1}) n
        CROSS JOIN (SELECT current_date AS today, now() - interval '10 minutes' AS moment) p
        CROSS JOIN (VALUES ({version})) v(v)
        CROSS JOIN LATERAL (SELECT {fill.on.replace(" + v.v", "")} AS standing_day) f
        CROSS JOIN LATERAL (SELECT {day} AS d) y
        WHERE {fill.who} AND {chosen}
          AND NOT EXISTS (SELECT 1 FROM {table} x
                          WHERE x.person_id = w.person_id AND x.superseded_at IS NULL)
        ORDER BY n, w.person_id
    """


def _received(day: str) -> str:
    return f"least(({day} + 12)::timestamptz, p.moment)"


def _column(model: type[models.Model], name: str) -> str:
    field: Any = model._meta.get_field(name)
    return str(field.column)


def _check(feed: Feed, batch: UUID) -> None:
    """The feed's own checks and choices on some of the rows."""
    conditions = {check.code: check.condition for check in feed.checks}
    for name in feed.contract[2:]:
        field: Any = feed.model._meta.get_field(name)
        if field.choices:
            listed = ", ".join(f"'{key}'" for key, _ in field.flatchoices)
            conditions[f"choice of {name}"] = f"s.{name}::text IN ({listed})"
        if name in {c.name for c in feed.columns if c.past_only}:
            conditions[f"{name} is past"] = f"coalesce(s.{name} <= current_date + 31, TRUE)"
    with connection.cursor() as cursor:
        for code, condition in conditions.items():
            cursor.execute(
                f"SELECT count(*) FROM (SELECT * FROM {feed.model._meta.db_table}"
                f" WHERE upload_id = %s LIMIT {CHECKED}) s"
                f" WHERE ({condition.replace('%', '%%')}) IS NOT TRUE",
                [batch],
            )
            broken = cursor.fetchone()[0]
            assert broken == 0, f"{feed.code}: {broken} rows break {code}"
