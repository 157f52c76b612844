"""Drafts of the demonstration agency in next year's round: one whole, one just begun."""

from __future__ import annotations

from datetime import date, timedelta

from grants.applications import drafting, queries
from grants.calls import need_queries
from grants.calls import queries as calls
from grants.demo import names
from grants.demo.clock import Diary
from grants.demo.papers import Paper, print_paper
from grants.demo.people import Bureau
from grants.kernel.identity import Actor, Role

Typed = dict[str, list[str]]


def typed(**fields: object) -> Typed:
    """Fields of a section as they are typed; `__` stands for the dots of rows."""
    return {name.replace("__", "."): [str(text)] for name, text in fields.items()}


def rows(name: str, heads: tuple[str, ...], *lines: tuple[object, ...]) -> Typed:
    """The rows of a table as they are typed."""
    return {
        f"{name}.{n}.{head}": [str(text)]
        for n, line in enumerate(lines)
        for head, text in zip(heads, line, strict=True)
    }


def a_whole_draft(first: date, community: str, need_id: int) -> dict[str, Typed]:
    """Every section of a project for old people who live alone."""
    month = timedelta(days=30)
    return {
        "project": typed(
            title="银龄守望：独居老人邻里互助",
            category="A",
            theme="ELDERLY",
            need_id=need_id,
            community=community,
            starts_on=first,
            ends_on=first + 9 * month,
            summary="以楼栋为单位，由社工培训楼栋长与志愿者，与六十户独居老人结对，"
            "建立“邻居、楼栋长、社工”三级响应，让紧急求助十五分钟内有人到门。",
        ),
        "agency": typed(
            address="太仓市城厢镇县府街 18 号（示例）",
            postcode="215400",
            contact="示例·许理事长",
            contact_phone=names.demo_phone(701),
            office_phone="0512-53500001",
            email="office@example.org",
            full_time_staff=9,
            introduction="成立于二〇一三年，专职社工九人，持证七人，长期承接邻里家园和为老服务，"
            "连续三年评估等级三A以上。",
        ),
        "team": typed(leader="示例·许理事长", leader_phone=names.demo_phone(701))
        | rows(
            "members",
            ("name", "education", "qualification", "role", "phone", "full_time"),
            ("示例·张一", "本科·社会工作", "WORKER", "项目主管", names.demo_phone(21), "on"),
            ("示例·李一", "大专·护理", "ASSISTANT", "入户社工", names.demo_phone(22), "on"),
            ("示例·王一", "本科·心理学", "NONE", "志愿者督导", names.demo_phone(23), ""),
        ),
        "need": typed(
            analysis="社区六十岁以上老人二千一百四十六人，其中独居一百八十七人。二〇二六年九月入户调查"
            "一百二十户，百分之六十三一周内与邻里交谈不足两次，百分之四十一不知道紧急时可以找谁，"
            "现有呼叫设备三成已损坏。社区已有志愿者二十余人，但无固定结对和培训。",
            target_group="独居和高龄老人",
            direct_people=60,
            indirect_people=400,
        ),
        "goals": typed(
            overall="八个月内让六十户独居老人每周至少一次有人上门，紧急时十五分钟内有人到，"
            "并留下两支能自行运转的邻里互助队。"
        )
        | rows(
            "goals",
            ("goal", "measure", "target"),
            ("每周探访", "探访记录", "60 户，每户每周至少 1 次"),
            ("紧急响应", "求助到门时间", "15 分钟内到门比例 90%"),
            ("互助队", "登记名册与活动记录", "2 支，共 40 人"),
        ),
        "plan": typed(
            method="以楼栋为单位，社工先对楼栋长与志愿者进行探访与急救培训，再由老人选择结对邻居；"
            "采用三级响应：邻居、楼栋长、社工。个案由持证社工跟进，每月督导一次，每季与居委会对账。",
            innovation="由老人自己选择结对邻居，把呼叫器换成邻居的一部电话和一把备用钥匙的约定。",
            sustainability="互助队登记为社区社会组织，活动费由社区公益金列支，培训教材留在社区。",
        )
        | rows(
            "activities",
            ("what", "starts_on", "ends_on", "place", "person_times", "output"),
            ("入户评估与结对", first, first + month, "社区", 60, "60 份档案"),
            ("志愿者培训 8 场", first + month, first + 3 * month, "社工室", 320, "培训记录"),
            ("每周探访", first + month, first + 8 * month, "老人家中", 1900, "探访记录"),
            ("楼栋互助茶会 12 场", first + 2 * month, first + 8 * month, "楼栋", 360, "照片"),
            ("成果交接", first + 8 * month, first + 9 * month, "社区", 80, "交接书"),
        ),
        "risks": rows(
            "risks",
            ("risk", "response"),
            ("志愿者流失", "每栋备选两人，按季表彰"),
            ("探访中发现突发疾病", "三级响应，投保意外险"),
        ),
        "budget": rows(
            "rows",
            (
                "line",
                "item",
                "unit_price_fen",
                "quantity",
                "unit",
                "grant_fen",
                "own_fen",
                "basis",
            ),
            ("L1", "项目社工补贴", 2300, 9, "月", 20700, 0, "1 人，9 个月"),
            ("L2", "志愿者培训场地与材料", 900, 8, "场", 7200, 0, "每场 40 人"),
            ("L2", "探访物资包", 60, 240, "份", 14400, 0, "60 户，每季 1 份"),
            ("L2", "互助茶会", 400, 12, "场", 4800, 0, "茶点与材料"),
            ("L3", "督导", 800, 9, "人·半天", 4800, 2400, "每月 1 次"),
            ("L4", "志愿者交通补贴", 20, 200, "人·天", 4000, 0, "每周探访"),
            ("L7", "行政管理费", 4000, 1, "项", 4000, 0, "不超过 10%"),
        ),
        "indicators": rows(
            "indicators",
            ("kind", "name", "target", "unit", "evidence"),
            ("OUTPUT", "探访次数", 1900, "次", "探访记录"),
            ("OUTPUT", "培训志愿者", 40, "人", "签到与名册"),
            ("QUALITY", "紧急求助 15 分钟内到门", 90, "%", "求助台账"),
            ("SATISFACTION", "服务对象满意度", 90, "%", "问卷不少于 50 份"),
        ),
    }


async def lay_drafts_of_agency(bureau: Bureau, diary: Diary, round_id: int) -> None:
    """The demonstration agency writes two applications."""
    agency = bureau[Role.APPLICANT_ORG]
    found = await calls.round_of(round_id)
    assert found.terms is not None
    need = (await need_queries.cited_needs(round_id))[0]
    with diary.at(diary.ago(6), 14):
        whole = await drafting.begin_application(agency, round_id)
        sections = a_whole_draft(found.terms.starts_on, f"{need.community}社区", need.id)
        there = await queries.sections(whole)
        for code, fields in sections.items():
            seen = there[code].version if code in there else 0
            await drafting.save_section(agency, whole, code, fields, seen_version=seen)
        await _attach_papers(agency, whole)
    with diary.at(diary.ago(2), 16):
        begun = await drafting.begin_application(agency, round_id)
        await drafting.save_section(
            agency,
            begun,
            "project",
            typed(title="放学后的一小时", category="B", theme="YOUTH", summary=""),
            seen_version=0,
        )


async def _attach_papers(agency: Actor, application_id: int) -> None:
    found = await queries.application(agency, application_id)
    for one in found.terms.files:
        if one.needed:
            paper = Paper(
                purpose=one.code,
                file_name=f"{one.name}.pdf",
                title=f"{one.name}（样张）",
                number=names.demo_uscc(1),
                facts=(("单位名称", f"太仓市{names.AGENCIES[0]}"),),
                signers=("盖章",),
            )
            await drafting.attach_paper(
                agency, application_id, one.code, paper.file_name, await print_paper(paper)
            )
