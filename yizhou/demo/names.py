"""Plausible names of the region, by generation and sex. Shares are invented."""

from collections.abc import Mapping
from itertools import accumulate
from random import Random
from typing import Generic, TypeVar

SURNAMES = {
    "韦": 170, "覃": 110, "蓝": 85, "莫": 80, "罗": 62, "黄": 60, "潘": 46, "谢": 44, "卢": 40,
    "陆": 38, "何": 34, "梁": 32, "吴": 30, "蒙": 28, "廖": 26, "李": 26, "陈": 24, "刘": 20,
    "张": 18, "杨": 17, "周": 15, "兰": 14, "石": 13, "邓": 12, "唐": 11, "农": 10, "欧": 9,
    "樊": 8, "银": 7, "巫": 6, "苏": 6, "林": 6, "曾": 5, "龙": 5, "危": 4, "岑": 4, "闭": 3,
}  # fmt: skip
ETHNIC_GROUPS = {
    "壮族": 752,
    "汉族": 160,
    "瑶族": 42,
    "仫佬族": 24,
    "毛南族": 12,
    "苗族": 10,
}
YAO_TOWNSHIPS = {"451203207", "451203208"}  # 瑶族乡
OLD = {
    "M": "永福 建国 德明 文光 志成 国强 世荣 金生 有才 家兴 明贵 海生 忠良 万福 庆云 启昌 绍华 "
    "福安 景文 仁德 贵生 子全 耀祥 日新 运昌 朝阳 立民 光荣 树林 春生",
    "F": "桂英 秀芬 美兰 玉珍 凤莲 桂花 秀英 月娥 兰英 彩凤 素芬 玉莲 金凤 翠兰 春梅 丽珍 桂香 "
    "爱莲 惠芳 妹英 秋菊 水秀 玉梅 少芬 月兰 美英 艳珍 桂芬",
}
MIDDLE = {
    "M": "海亮 建华 伟 少文 国华 志强 勇 军 小明 文斌 宏伟 东升 永强 春林 柳生 承志 耀文 桂生 "
    "江河 振华 立军 俊峰 冠华 维新 宗宝 敏 庆平 胜利 健 海涛 文江 小龙",
    "F": "美玲 玉莲 丽 丽萍 艳 春燕 小红 秋兰 海燕 柳青 凤娟 美芳 晓梅 雪梅 利平 彩云 红梅 "
    "燕 慧玲 金莲 桂兰 秀珍 月琴 莉 素琴 艳芳 凤玲 小莲 海英",
}
YOUNG = {
    "M": "浩然 俊宇 子豪 宇航 嘉乐 家豪 文博 俊杰 志远 承恩 天佑 锦程 子轩 宇轩 明哲 梓航 "
    "鑫 博文 翔 皓轩 家俊 泽宇 晨曦 一鸣 昊天 思源",
    "F": "子涵 雨欣 诗琪 欣怡 佳怡 梦婷 思颖 雨桐 婉婷 雅琪 语嫣 可馨 紫萱 梓涵 静怡 晓彤 "
    "春妮 依婷 慧敏 若曦 欣妍 芷若 馨月 佳慧 思琪 妙音",
}
GIVEN = [
    {sex: names.split() for sex, names in generation.items()} for generation in (OLD, MIDDLE, YOUNG)
]
DOUBLED = "华明文德海春玉金秀小美国永志家光"


T = TypeVar("T")


class Chooser(Generic[T]):
    """Draws from weighted values with one random number."""

    def __init__(self, weights: Mapping[T, float]) -> None:
        self.values = list(weights)
        self.cumulative = list(accumulate(weights.values()))

    def draw(self, rng: Random) -> T:
        return rng.choices(self.values, cum_weights=self.cumulative)[0]


_surnames = Chooser(SURNAMES)
_ethnic_groups = Chooser(ETHNIC_GROUPS)


def surname(rng: Random) -> str:
    return _surnames.draw(rng)


def ethnic_group(rng: Random, township: str) -> str:
    if township in YAO_TOWNSHIPS and rng.random() < 0.42:
        return "瑶族"
    return _ethnic_groups.draw(rng)


def given_name(rng: Random, sex: str, age: int) -> str:
    """A given name that fits the generation; one in five is put together from two characters."""
    names = GIVEN[0 if age >= 55 else 1 if age >= 28 else 2][sex]
    name = names[int(rng.random() * len(names))]
    if age >= 28 and rng.random() < 0.2:
        return DOUBLED[int(rng.random() * len(DOUBLED))] + name[-1]
    return name
