"""What towns and communities need: brought in before the calls, and lately."""

from __future__ import annotations

from grants.calls import needs
from grants.calls.needs import NeedDetails, Source
from grants.demo import names
from grants.demo.clock import Diary
from grants.demo.people import Bureau
from grants.kernel.identity import Role

#: Title, what is missing, where it is felt (places in the lists of towns and communities), how
#: many, how urgent, from whom.
_Need = tuple[str, str, int, int, int, int, Source]
_NEEDS: tuple[_Need, ...] = (
    (
        "四楼以上高龄老人下楼难",
        "老小区无电梯，四楼以上七十五岁以上老人一百余户，入户走访中六成一周下楼不足一次，"
        "就医、购物靠邻居帮带。希望有固定的陪同和互助安排。",
        0,
        6,
        130,
        3,
        Source.DELIBERATION,
    ),
    (
        "放学后无人照看的孩子",
        "双职工家庭集中，下午四点到六点半有八十多名小学生在社区内无人照看，去年发生两起摔伤。",
        6,
        42,
        84,
        3,
        Source.COMMUNITY,
    ),
    (
        "独居老人紧急时找不到人",
        "独居老人一百八十七户，四成不知道紧急时可以找谁，现有呼叫设备三成已损坏。",
        0,
        8,
        187,
        3,
        Source.COMMUNITY,
    ),
    (
        "残障人士出行信息不全",
        "轮椅出行路线没有标注，公厕和无障碍坡道信息靠口口相传，年轻残障居民希望自己来做地图。",
        2,
        41,
        46,
        2,
        Source.TOWN,
    ),
    (
        "新太仓人家庭与老住户来往少",
        "外来务工家庭占四成，节庆活动基本不参加，楼道矛盾去年登记二十三起，多因作息和停车。",
        7,
        59,
        420,
        2,
        Source.DELIBERATION,
    ),
    (
        "认知症老人家属缺喘息",
        "登记在册认知症老人三十一位，照料者多为老伴，连续照料超过三年的占一半，希望每周有半天喘息。",
        1,
        27,
        31,
        2,
        Source.TOWN,
    ),
    (
        "楼道堆物清了又堆",
        "两委每季清理，一个月后照旧。居民代表希望有自己的公约和值日，而不是一清了之。",
        3,
        39,
        260,
        1,
        Source.DELIBERATION,
    ),
    (
        "老年食堂缺志愿送餐",
        "食堂每天一百二十份，行动不便者三十余人需送餐，现有志愿者八人，周末无人。",
        4,
        40,
        34,
        2,
        Source.COMMUNITY,
    ),
)


#: How many of the needs were known before this year's call was announced.
_KNOWN_EARLY = 6


async def lay_early_needs(bureau: Bureau, diary: Diary) -> None:
    """What towns brought in before the call of this year."""
    for n, need in enumerate(_NEEDS[:_KNOWN_EARLY]):
        with diary.autumn(9, 3 + 2 * n, 10, n):
            entered = await _enter(bureau, need)
        with diary.autumn(9, 3 + 2 * n, 16, n):
            await needs.decide_need(bureau[Role.OFFICER], entered, "publish", seen_version=1)


async def lay_late_needs(bureau: Bureau, diary: Diary) -> None:
    """The office declines one need, which is somebody else's to meet; one it has to look at."""
    not_ours, last = _NEEDS[_KNOWN_EARLY:]
    with diary.at(diary.ago(22), 10):
        entered = await _enter(bureau, not_ours)
    with diary.at(diary.ago(22), 16):
        await needs.decide_need(
            bureau[Role.OFFICER],
            entered,
            "decline",
            seen_version=1,
            note="属于物业管理职责，已转街道城管协调",
        )
    with diary.at(diary.ago(1), 10):
        await _enter(bureau, last)


async def _enter(bureau: Bureau, need: _Need) -> int:
    title, text, town, community, people, urgency, source = need
    place = names.COMMUNITIES[community]
    heard = source is Source.DELIBERATION
    return await needs.enter_need(
        bureau[Role.TOWN_REVIEWER],
        NeedDetails(
            title=title,
            description=text,
            town=names.TOWNS[town],
            community=place,
            place="",
            people_concerned=people,
            urgency=urgency,
            source=source,
            deliberation_no=f"{place}协商议事记录第 {people % 9 + 3} 次" if heard else "",
        ),
    )
