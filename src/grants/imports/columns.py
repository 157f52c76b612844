"""The columns of an award list: their names, and what else people call them. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from grants.kernel.errors import N_

INSTALMENTS = 4
"""How many instalments one line of the list may hold."""

_TITLES: Mapping[str, str] = {
    "external_id": N_("Award number"),
    "title": N_("Award title"),
    "purpose": N_("Award purpose"),
    "payee_name": N_("Name of the payee"),
    "uscc": N_("Credit code of the payee"),
    "id_number": N_("Resident id number of the payee"),
    "amount": N_("Award amount (yuan)"),
    "decided_on": N_("Decided on (day)"),
    "starts_on": N_("Starts on (day)"),
    "ends_on": N_("Ends on (day)"),
    "state": N_("State: past or active"),
    "line_codes": N_("Codes of budget lines"),
    "minutes_no": N_("Number of the minutes"),
    "due_1": N_("Instalment 1 due on"),
    "amount_1": N_("Instalment 1 amount (yuan)"),
    "due_2": N_("Instalment 2 due on"),
    "amount_2": N_("Instalment 2 amount (yuan)"),
    "due_3": N_("Instalment 3 due on"),
    "amount_3": N_("Instalment 3 amount (yuan)"),
    "due_4": N_("Instalment 4 due on"),
    "amount_4": N_("Instalment 4 amount (yuan)"),
}

#: Fields of a list, each with further headers that people use for it.
FIELDS: Mapping[str, tuple[str, ...]] = {
    "external_id": ("编号", "资助编号", "合同编号", "number", "no", "id", "identifier", "award id"),
    "title": ("名称", "项目", "标题", "资助名称", "title", "name", "award"),
    "purpose": ("用途", "项目内容", "说明", "description", "purpose"),
    "payee_name": (
        "收款单位",
        "收款人",
        "姓名",
        "承接单位",
        "单位名称",
        "机构名称",
        "payee",
        "recipient",
    ),
    "uscc": (
        "信用代码",
        "社会信用代码",
        "统一社会信用代码",
        "收款单位统一社会信用代码",
        "uscc",
        "credit code",
    ),
    "id_number": ("身份证号", "身份证号码", "公民身份号码", "居民身份证号码", "id number"),
    "amount": ("金额", "资助金额", "合同金额", "项目金额", "amount", "amount awarded"),
    "decided_on": ("决定日期", "立项日期", "批准日期", "award date", "decided on", "date"),
    "starts_on": ("开始日期", "起始日期", "starts on", "start date", "start"),
    "ends_on": ("结束日期", "截止日期", "ends on", "end date", "end"),
    "state": ("状态", "state", "status"),
    "line_codes": ("预算项目代码", "指标代码", "budget line", "budget line code", "line code"),
    "minutes_no": ("会议纪要", "纪要文号", "minutes", "minutes no"),
}

#: What a list cannot do without.
REQUIRED = ("external_id", "title", "payee_name", "amount")


def due_field(n: int) -> str:
    """The field of the day on which instalment `n` is due."""
    return f"due_{n}"


def amount_field(n: int) -> str:
    """The field of the amount of instalment `n`."""
    return f"amount_{n}"


def all_fields() -> list[str]:
    """Every field in the order of the template."""
    return list(_TITLES)


def field_title(field: str) -> str:
    """The message id of a field's name."""
    return _TITLES[field]
