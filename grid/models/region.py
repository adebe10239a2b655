"""Places: county, township, village or community, tun, grid, as one tree of codes."""

from typing import Self

from django.db import models

from grid.roles import Level


class RegionQuerySet(models.QuerySet):
    def within(self, code: str) -> Self:
        """The region and all below it: one index range, since codes are hierarchical."""
        return self.standing().filter(code__gte=code, code__lt=f"{code}~")

    def standing(self) -> Self:
        """Without grids that were merged into others (grid/models/region_change.py)."""
        return self.filter(retired_on=None)

    def at(self, level: Level) -> Self:
        return self.filter(level=level)


class Region(models.Model):
    """A place. `code` begins with the parent's code, so a subtree is one range of the index.

    Lengths: county 6, township 9, village 12 (statistical codes), tun 15, grid 17 (ours).
    Source: National Bureau of Statistics division codes 2023 down to the village.
    """

    SCOPE = "code"

    code = models.CharField("代码", max_length=20, primary_key=True, db_collation="C")
    name = models.CharField("名称", max_length=60)
    official_name = models.CharField("全称", max_length=80, blank=True)
    level = models.CharField("层级", max_length=10, choices=Level)
    parent = models.ForeignKey(
        "self",
        verbose_name="上级",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="children",
    )
    is_community = models.BooleanField("社区（居委会）", default=False)
    name_to_confirm = models.BooleanField(
        "名称待核", default=False, help_text="来源以同音字代替，须由县里核对。"
    )
    resident_population = models.PositiveIntegerField("常住人口", null=True, blank=True)
    source = models.CharField("来源", max_length=200, blank=True)
    retired_on = models.DateField("撤销日期", null=True, blank=True)

    objects = RegionQuerySet.as_manager()

    class Meta:
        verbose_name = "区划"
        verbose_name_plural = verbose_name
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                name="region_code_length_fits_level",
                condition=models.Q(level=Level.COUNTY, code__regex=r"^[0-9]{6}$")
                | models.Q(level=Level.TOWNSHIP, code__regex=r"^[0-9]{9}$")
                | models.Q(level=Level.VILLAGE, code__regex=r"^[0-9]{12}$")
                | models.Q(level=Level.TUN, code__regex=r"^[0-9]{15}$")
                | models.Q(level=Level.GRID, code__regex=r"^[0-9]{17}$"),
            ),
            models.CheckConstraint(
                name="region_only_county_has_no_parent",
                condition=models.Q(level=Level.COUNTY, parent=None)
                | (~models.Q(level=Level.COUNTY) & models.Q(parent__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        return self.name
