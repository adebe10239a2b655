"""The shipped procedure: entered once for a county; what an official changed is left alone."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from grid.models import Region
from grid.roles import Level, Role
from monitoring.models import Paper, Procedure, ProcedureStep, Stage
from monitoring.rules.shipped import SHIPPED_FROM
from yizhou.audit import record
from yizhou.refusals import Refusal

R, S, P = Role, Stage, Paper
TO_CONFIRM = "待核定：广西、河池没有公开的时限"
VILLAGE = (R.INFO_OFFICER, R.VILLAGE_HEAD)
FIELD = (R.GRID_WORKER_1, R.GRID_WORKER_2, R.TUN_HEAD, *VILLAGE)
TOWNSHIP = (R.TOWNSHIP_OFFICER,)
NOTICE_SOURCE = "公示不少于 5 天，只在村里公示一次（参考 2.2 [P1][P4]）"
# Stage, who, working days, papers to leave it, source. Days whose source is not Guangxi's own are
# proposals to be confirmed by the county.
STEPS: tuple[tuple[Stage, tuple[Role, ...], int | None, tuple[Paper, ...], str], ...] = (
    (S.CLUE, (*VILLAGE, *TOWNSHIP), 1, (), f"{TO_CONFIRM}；甘肃村级核查共 5 个工作日 [P7]"),
    (S.VISITING, (*VILLAGE, *TOWNSHIP), 2, (P.VISIT,), f"{TO_CONFIRM}；安徽 2 个工作日 [G3]"),
    (S.AUTHORIZING, FIELD, 1, (), f"{TO_CONFIRM}；先授权再核对 [S14]"),
    (S.SEARCHING, TOWNSHIP, 5, (), f"{TO_CONFIRM}；别处 5 天 [P2]，田东约一周 [G4]"),
    (S.REVIEWING, VILLAGE, 2, (), f"{TO_CONFIRM}；核查后 5 天内评议并公示 [P2]"),
    (S.NOTICING, VILLAGE, 6, (), NOTICE_SOURCE),
    (S.TOWNSHIP_REVIEW, TOWNSHIP, 2, (), TO_CONFIRM),
    (S.COUNTY_APPROVAL, (R.COUNTY_OFFICER,), 3, (), TO_CONFIRM),
    (S.ANNOUNCING, (*VILLAGE, *TOWNSHIP), 2, (), "审定后以乡镇名义在村公告 [P4]"),
    (S.REGISTERING, TOWNSHIP, 3, (), "乡镇组织村录入建档 [P4]"),
    (S.PLANNING, (*VILLAGE, *TOWNSHIP), 10, (), "识别后 10 天内制定计划：安徽黟县 [K4]，待核定"),
    (S.ASSISTING, (*VILLAGE, *TOWNSHIP), None, (), "消除条件见参考 2.5 [P5]"),
    (S.OUT_VISITING, (*VILLAGE, *TOWNSHIP), 5, (P.VISIT,), "与识别相同的程序 [P5]，天数待核定"),
    (S.OUT_REVIEWING, VILLAGE, 2, (), "与识别相同的程序 [P5]，天数待核定"),
    (S.OUT_NOTICING, VILLAGE, 6, (), "公示不少于 5 天 [P8]"),
    (S.OUT_TOWNSHIP, TOWNSHIP, 2, (), "与识别相同的程序 [P5]，天数待核定"),
    (S.OUT_COUNTY, (R.COUNTY_OFFICER,), 3, (), "与识别相同的程序 [P5]，天数待核定"),
    (S.OUT_ANNOUNCING, (*VILLAGE, *TOWNSHIP), 2, (), "与识别相同的程序 [P5]，天数待核定"),
)


@transaction.atomic
def install_procedure(*, acting: Any) -> int:
    """Enter the shipped version when the county has none. Returns versions added."""
    county = Region.objects.filter(level=Level.COUNTY).first()
    if county is None:
        raise Refusal("还没有录入区划。请先导入县、乡、村，再装载程序。", code="no_county")
    if Procedure.objects.published().filter(area=county).exists():
        return 0
    procedure = Procedure.objects.create(
        area=county,
        title="防止返贫致贫对象识别和风险消除程序",
        from_on=SHIPPED_FROM,
        total_workdays=15,
        out_workdays=20,
        green_workdays=5,
        notice_days=5,
        meeting_least=5,
        income_months=6,
        source="参考 2.2、2.5；总时限 15 天 [P1][K4]，收入稳定半年以上 [P5]；广西数字待核定",
        published_at=timezone.now(),
    )
    ProcedureStep.objects.bulk_create(
        ProcedureStep(
            procedure=procedure,
            stage=stage,
            roles=[role.value for role in roles],
            workdays=workdays,
            papers=[paper.value for paper in papers],
            source=source,
        )
        for stage, roles, workdays, papers, source in STEPS
    )
    record(acting=acting, verb="published_procedure", subject=procedure)
    return 1
