"""Write the data dictionary of all department data sets into docs/, from the feeds themselves."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from monitoring.feeds import FEEDS, Feed
from monitoring.freshness import due_in_words
from monitoring.intake.contract import contract_of
from monitoring.intake.template import KINDS

PAGE = Path(settings.ROOT) / "docs" / "data-dictionary.md"
HEAD = """# 数据字典：部门数据集

由 `make docs` 从 `monitoring/feeds/` 写出，请勿手改。Excel 模板、接口、校验和本页出自同一份定义。

列的顺序不限，多余的列不读，表头上面可以有标题行，合计行和签字行跳过。收到行 = 入库 + 无变化 + 错误
+ 重复 + 空行。
"""


def page() -> str:
    return HEAD + "".join("\n".join(_feed(feed)) + "\n" for feed in FEEDS.values())


def _feed(feed: Feed) -> Iterator[str]:
    key = "、".join(feed.header(name) for name in feed.natural_key)
    yield f"\n## {feed.title} `{feed.code}`\n"
    yield f"- 部门：`{feed.department}`；报送日：{due_in_words(feed)}；{feed.rhythm.label}"
    yield f"- 用途：{feed.purpose}"
    yield f"- 依据：{feed.source}"
    yield f"- 同一条记录：{key} 相同；内容有变的替换旧的，旧的留存可追溯"
    yield f"- 事实发生日：{feed.header(feed.valid_on)}"
    if feed.proposals:
        happenings = "、".join(p.happening.label for p in feed.proposals)
        yield f"- 提请登记变动：{happenings}，由人确认后才改户籍库"
    if feed.note:
        yield f"- 说明：{feed.note}"
    yield ""
    yield "| 列名 | 字段 | 必填 | 类型 | 单位 | 例子 | 说明和可选值 | 也认得的列名 |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
    for column in contract_of(feed):
        yield _row(column)
    if feed.checks:
        yield "\n行内核对："
        yield ""
        for check in feed.checks:
            yield f"- {feed.header(check.column)}：{check.problem}。{check.fix}"


def _row(column: dict[str, Any]) -> str:
    bounds = [
        f"不{word}{column[bound]}"
        for bound, word in (("at_least", "小于 "), ("at_most", "大于 "))
        if column[bound] is not None
    ]
    meaning = [
        column["meaning"],
        "、".join(column.get("labels", [])),
        f"最多 {column['max_length']} 字" if "max_length" in column else "",
        "不晚于今天" if column["past_only"] else "",
        "，".join(bounds),
    ]
    cells = (
        column["title"],
        f"`{column['name']}`",
        "必填" if column["required"] else "可不填",
        KINDS[column["kind"]],
        column["unit"],
        column["example"],
        "；".join(part.rstrip("。") for part in meaning if part),
        "、".join(column["aliases"]),
    )
    return "| " + " | ".join(cells) + " |"


class Command(BaseCommand):
    help = "把数据字典写到 docs/data-dictionary.md"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="只检查是否最新")

    def handle(self, *args: Any, check: bool = False, **options: Any) -> None:
        fresh = page()
        if not check:
            PAGE.write_text(fresh, encoding="utf-8")
            self.stdout.write(f"已写入 {PAGE.relative_to(settings.ROOT)}")
        elif not PAGE.exists() or PAGE.read_text(encoding="utf-8") != fresh:
            raise CommandError("docs/data-dictionary.md 不是最新的，请运行 make docs。")
