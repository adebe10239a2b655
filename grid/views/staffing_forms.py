"""Forms of appointing, ending, handing over, and opening accounts."""

from typing import Any

from django import forms
from django.utils import timezone

from grid.actions.accounts import open_account
from grid.actions.posts import appoint_post, end_post, hand_over
from grid.models import Account, Post, Region
from grid.places import places_of
from grid.roles import ROLES, Act, Level, Role
from grid.scope import sight_of
from grid.staffing import account_named, departments, open_load
from grid.views.household_forms import BLANK, Day
from yizhou.refusals import Refusal


class StaffingForm(forms.Form):
    """A form that shows its action's refusal beside the right field."""

    def refuse(self, refusal: Refusal) -> None:
        self.add_error(refusal.code if refusal.code in self.fields else None, refusal.sentence)


def roles_for(account: Any) -> list[tuple[str, str]]:
    """Roles at or below the account's own level; the action has the last word."""
    depth = {level: n for n, level in enumerate(Level)}
    mine = [h.role for h in sight_of(account).holdings if Act.APPOINT in ROLES[h.role].acts]
    levels = [depth[level] for role in mine if (level := ROLES[role].level) is not None]
    if not levels:
        return []
    return [
        (role.value, role.label)
        for role, rule in ROLES.items()
        if depth[rule.level or Level.COUNTY] >= min(levels)
    ]


class AppointForm(StaffingForm):
    """Who, which role, where; the choice of places follows from the role."""

    role = forms.ChoiceField(label="职务", widget=forms.HiddenInput)
    username = forms.CharField(
        label="任职人的用户名", max_length=150, help_text="还没有账号的人，请先开通账号。"
    )
    region = forms.ChoiceField(label="区划")
    department = forms.ChoiceField(label="部门")
    seat = forms.IntegerField(
        label="席位", required=False, min_value=1, help_text="不填则用第一个空缺的席位。"
    )
    from_on = Day("任职日期")
    until_on = forms.DateField(
        label="离任日期", required=False, widget=forms.DateInput(attrs={"type": "date"})
    )

    def __init__(self, *args: Any, viewer: Any, role: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.viewer = viewer
        self.role_choices = roles_for(viewer)
        self.fields["role"].choices = self.role_choices
        level = ROLES[Role(role)].level if role in Role.values else None
        if level is None:
            del self.fields["region"]
            self.fields["department"].choices = [
                *BLANK,
                *[(d.pk, d.name) for d in departments()],
            ]
        else:
            del self.fields["department"]
            self.fields["region"].choices = [*BLANK, *self._regions(level)]

    def _regions(self, level: Level) -> list[tuple[str, str]]:
        regions = list(self.viewer.sees(Region).at(level))
        places = places_of(region.code for region in regions)
        return [
            (r.code, f"{places[r.code].full} {r.name}" if level == Level.GRID else _full(r, places))
            for r in regions
        ]

    def clean_username(self) -> Account:
        account = account_named(self.cleaned_data["username"])
        if account is None:
            raise forms.ValidationError("没有这个用户名的在用账号。请核对，或先开通账号。")
        return account

    def perform(self, acting: Any) -> Post:
        said = self.cleaned_data
        region = said.get("region")
        department = said.get("department")
        return appoint_post(
            acting=acting,
            account=said["username"],
            role=said["role"],
            region=self.viewer.sees(Region).get(pk=region) if region else None,
            department=departments().get(pk=department) if department else None,
            seat=said["seat"],
            from_on=said["from_on"],
            until_on=said["until_on"],
        )


def _full(region: Region, places: dict[str, Any]) -> str:
    return places[region.code].full or region.name


class VisitorChoice(forms.ChoiceField):
    """Accounts that hold a visiting post or open work in a place, by id."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.accounts: dict[str, Account] = {}

    def offer(self, region: Region, *, without: int | None = None, holders: bool = False) -> None:
        loads = [
            load
            for load in open_load(region, on=timezone.localdate())
            if load.account.pk != without and (load.posts or holders)
        ]
        self.accounts = {str(load.account.pk): load.account for load in loads}
        self.choices = [
            *BLANK,
            *[
                (
                    str(load.account.pk),
                    f"{load.account.name}（{_posts_of(load.posts)}，未办结 {load.opened} 件）",
                )
                for load in loads
            ],
        ]


def _posts_of(posts: tuple[Post, ...]) -> str:
    return "、".join(post.get_role_display() for post in posts) or "已无职务"


class EndForm(StaffingForm):
    """The last day and, when open work is left, who takes it."""

    until_on = Day("离任日期", help_text="从这一天起不再任职。")
    hand_to = VisitorChoice(
        label="接手的人", required=False, help_text="名下还有未办结入户事项时必选，一并移交。"
    )

    def __init__(self, *args: Any, viewer: Any, post: Post, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.post = post
        may_assign = post.region is not None and viewer.may(Act.ASSIGN_WORK, code=post.region.code)
        if may_assign and post.region is not None:
            self.fields["hand_to"].offer(post.region, without=post.account_id)
        else:
            del self.fields["hand_to"]

    def perform(self, acting: Any) -> None:
        chosen = self.cleaned_data.get("hand_to")
        end_post(
            acting=acting,
            post=self.post,
            until_on=self.cleaned_data["until_on"],
            hand_to=self.fields["hand_to"].accounts[chosen] if chosen else None,
        )


class HandOverForm(StaffingForm):
    """From whom to whom; all open work in the place, in one act."""

    from_account = VisitorChoice(label="移交人")
    to_account = VisitorChoice(label="接手人")
    reason = forms.CharField(label="移交原因", max_length=200, help_text="例如：病假、调离。")
    with_posts = forms.BooleanField(
        label="职务一并移交", required=False, help_text="移交人的入户职务从今天起由接手人担任。"
    )
    to_username = forms.CharField(
        label="或接手人的用户名",
        max_length=150,
        required=False,
        help_text="接手人在这里还没有职务、要一并接任时填写。",
    )
    field_order = ["from_account", "to_account", "to_username", "with_posts", "reason"]

    def __init__(self, *args: Any, viewer: Any, region: Region, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.region = region
        self.fields["from_account"].offer(region, holders=True)
        self.fields["to_account"].offer(region)
        self.fields["to_account"].required = False

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        named = account_named(said.get("to_username", "")) if said.get("to_username") else None
        chosen = self.fields["to_account"].accounts.get(said.get("to_account", ""))
        if said.get("to_username") and named is None:
            self.add_error("to_username", "没有这个用户名的在用账号。请核对。")
        elif named is None and chosen is None:
            self.add_error("to_account", "请选择接手人，或填写接手人的用户名。")
        said["taker"] = named or chosen
        return said

    def perform(self, acting: Any) -> int:
        said = self.cleaned_data
        return hand_over(
            acting=acting,
            from_account=self.fields["from_account"].accounts[said["from_account"]],
            to_account=said["taker"],
            region=self.region,
            reason=said["reason"],
            with_posts=said["with_posts"],
        )


class AccountForm(StaffingForm):
    """A new sign-in with its first password."""

    name = forms.CharField(label="姓名", max_length=40)
    username = forms.CharField(label="用户名", max_length=150, help_text="字母、数字和下划线。")
    password = forms.CharField(
        label="初始密码",
        max_length=128,
        help_text="至少 10 位，不能全是数字。请当面告知本人。",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def perform(self, acting: Any) -> Account:
        said = self.cleaned_data
        return open_account(
            acting=acting,
            username=said["username"],
            name=said["name"],
            password=said["password"],
        )
