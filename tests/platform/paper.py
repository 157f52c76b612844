"""Papers to try the press with."""

from __future__ import annotations

import re
import zlib
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

from grants.platform.pdf import qr_data_uri

ROLES = ("经办人", "科室负责人", "财务复核", "分管领导", "分管财务领导", "主要领导")
SIGNED_AT = datetime(2026, 11, 19, 7, 40, tzinfo=UTC)


def approval_form(**changes: Any) -> SimpleNamespace:
    """The form of the second instalment for 弇山社区, signed by four of six."""
    given: dict[str, Any] = {
        "number": "付〔2026〕0417",
        "office": "太仓市民政局",
        "title": "邻里家园·弇山社区 第二期",
        "award_number": "太民购〔2026〕12号",
        "budget_line_code": "320585-2026-0031",
        "quota_no": "太财社〔2026〕8号",
        "fund_nature": "一般公共预算",
        "function_code": "2080208",
        "function_name": "基层政权建设和社区治理",
        "economic_code": "30227",
        "economic_name": "委托业务费",
        "payee_name": "太仓市示例晨曦社会工作服务中心",
        "bank_name": "中国示例银行太仓城厢支行",
        "account_masked": "••••0011",
        "cnaps": "999305285003",
        "award_fen": 20_000_000,
        "paid_fen": 6_000_000,
        "amount_fen": 10_000_000,
        "balance_fen": 4_000_000,
        "sequence_no": 2,
        "sequence_count": 3,
        "condition": "中期评价良好且首期支出达 60 %，凭发票拨付合同额的 50 %。",
        "completion": "中期评价 84.60 分（良），首期支出 71 %，2 名社工在岗。",
        "publicity_from": date(2026, 3, 2),
        "publicity_until": date(2026, 3, 6),
        "grade": "良（84.60）",
        "invoice_no": "26322000000004170417",
        "attachment_count": 4,
        "due_on": date(2026, 11, 23),
        "paid_on": None,
        "days_left": 3,
        "opinions": [opinion(role, signed=place < 4) for place, role in enumerate(ROLES)],
        "minutes_no": "局长办公会纪要〔2026〕7号",
        "gate_summary": "核对 12 项：11 项通过，1 项留意",
        "case_url": "http://127.0.0.1:8000/payments/417",
        "qr_data_uri": qr_data_uri("http://127.0.0.1:8000/payments/417"),
        "printed_at": SIGNED_AT,
        "printed_by": "示例·陈会计",
        "demo": True,
    }
    return SimpleNamespace(**given | changes)


def opinion(role: str, *, signed: bool, text: str = "同意拨付第二期。") -> SimpleNamespace:
    """One opinion, or the room for one."""
    return SimpleNamespace(
        role_title=role,
        opinion=text if signed else "",
        signed_name="示例·王科长" if signed else "",
        signed_at=SIGNED_AT if signed else None,
    )


def batch_manifest(count: int) -> SimpleNamespace:
    """A batch of `count` payments of 3,798.43 yuan."""
    items = [
        SimpleNamespace(
            item_no=place + 1,
            payee_name="示例·张一",
            account_masked="••••0011",
            bank_name="中国示例银行太仓城厢支行",
            amount_fen=379_843,
            purpose="社工岗位补助 10 月",
            request_number=f"付〔2026〕{place:04d}",
        )
        for place in range(count)
    ]
    return SimpleNamespace(
        number="批〔2026〕0031",
        office="太仓市民政局",
        profile="一卡通代发",
        file_name="一卡通代发_202611.xlsx",
        sha256="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        item_count=count,
        total_fen=379_843 * count,
        items=items,
        signatures=[opinion("制单", signed=True), opinion("复核", signed=False)],
        made_at=SIGNED_AT,
        printed_at=SIGNED_AT,
        printed_by="示例·陈会计",
        case_url="http://127.0.0.1:8000/batches/31",
        qr_data_uri=qr_data_uri("http://127.0.0.1:8000/batches/31"),
        demo=True,
    )


def inside(pdf: bytes) -> bytes:
    """The PDF with its compressed streams laid open, to search in."""
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL)
    opened = [zlib.decompress(s) for s in streams if s[:1] == b"\x78"]
    return b"\n".join([pdf, *opened])
