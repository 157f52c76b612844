"""Days, fiscal years, periods and working days; the only place that knows the clock."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Shanghai")


def now() -> datetime:
    """The present moment in Shanghai."""
    return datetime.now(ZONE)


def today() -> date:
    """The present day in Shanghai."""
    return now().date()


def fiscal_year(day: date) -> int:
    """预算年度: 1 January to 31 December (预算法 第18条 [V])."""
    return day.year
