"""Words of the procedure: stages of a case, duties of those who act, papers on file."""

from django.db import models


class Stage(models.TextChoices):
    """Where a case stands. Moves between these are in monitoring/procedure.py and nowhere else.

    Source: reference 2.2 (identification), 2.5 (elimination by the same chain), 2.6 (other ends).
    """

    CLUE = "clue", "风险线索"
    VISITING = "visiting", "入户核查"
    AUTHORIZING = "authorizing", "承诺授权"
    SEARCHING = "searching", "财产检索"
    REVIEWING = "reviewing", "民主评议"
    NOTICING = "noticing", "村级公示"
    TOWNSHIP_REVIEW = "township_review", "乡镇审核"
    COUNTY_APPROVAL = "county_approval", "县级审定"
    ANNOUNCING = "announcing", "公告"
    REGISTERING = "registering", "录入建档"
    PLANNING = "planning", "制定帮扶计划"
    ASSISTING = "assisting", "帮扶中"
    OUT_VISITING = "out_visiting", "消除核查"
    OUT_REVIEWING = "out_reviewing", "消除评议"
    OUT_NOTICING = "out_noticing", "消除公示"
    OUT_TOWNSHIP = "out_township", "消除审核"
    OUT_COUNTY = "out_county", "消除审定"
    OUT_ANNOUNCING = "out_announcing", "消除公告"
    ELIMINATED = "eliminated", "风险已消除"
    DISMISSED = "dismissed", "不构成风险"
    DECLINED = "declined", "农户不愿纳入"
    REFUSED = "refused", "不予纳入"
    TRANSFERRED = "transferred", "转部门办理"
    MOVED_AWAY = "moved_away", "整户迁出"
    MERGED = "merged", "并入他户"
    DISSOLVED = "dissolved", "自然减少"


IDENTIFYING = (
    Stage.CLUE,
    Stage.VISITING,
    Stage.AUTHORIZING,
    Stage.SEARCHING,
    Stage.REVIEWING,
    Stage.NOTICING,
    Stage.TOWNSHIP_REVIEW,
    Stage.COUNTY_APPROVAL,
    Stage.ANNOUNCING,
    Stage.REGISTERING,
)
ELIMINATING = (
    Stage.OUT_VISITING,
    Stage.OUT_REVIEWING,
    Stage.OUT_NOTICING,
    Stage.OUT_TOWNSHIP,
    Stage.OUT_COUNTY,
    Stage.OUT_ANNOUNCING,
)
MONITORED = (Stage.PLANNING, Stage.ASSISTING, *ELIMINATING)
ENDED = (
    Stage.ELIMINATED,
    Stage.DISMISSED,
    Stage.DECLINED,
    Stage.REFUSED,
    Stage.TRANSFERRED,
    Stage.MOVED_AWAY,
    Stage.MERGED,
    Stage.DISSOLVED,
)


class Duty(models.TextChoices):
    """Who makes is never who checks, and neither approves: held by an exclusion constraint."""

    MAKE = "make", "经办"
    CHECK = "check", "审核"
    APPROVE = "approve", "审定"


class Paper(models.TextChoices):
    """What a step may ask to have on file. monitoring/papers.py says whether it is there."""

    VISIT = "visit", "入户核查记录"
    AUTHORIZATION = "authorization", "承诺授权书"
    STATEMENT = "statement", "收支测算表"
    SEARCH = "search", "财产检索结果"
    MEETING = "meeting", "民主评议记录"
    NOTICE = "notice", "公示记录"
    ANNOUNCEMENT = "announcement", "公告记录"
    PLAN = "plan", "帮扶计划"
    CONDITIONS = "conditions", "消除条件核对"


class Risk(models.TextChoices):
    """Why a household is at risk. Source: reference 3.4, code list 100A27 [D2][D7]."""

    ILLNESS = "因病", "因病"
    SCHOOLING = "因学", "因学"
    DISABILITY = "因残", "因残"
    DISASTER = "因自然灾害", "因自然灾害"
    ACCIDENT = "因意外事故", "因意外事故"
    BUSINESS = "因产业(项目)失败", "因产业（项目）失败"
    JOB = "因务工就业不稳", "因务工就业不稳"
    LABOUR = "缺劳动力", "缺劳动力"
    HOUSING = "因住房", "因住房"
    WATER = "因安全饮水", "因安全饮水"
    OTHER = "其他", "其他"
