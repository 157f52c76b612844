"""Lists whose whole state stands in the address: filters, order, columns and page."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from litestar import Request

#: Names in the address that are not filters.
_ORDER, _PAGE, _COLUMNS = "order", "page", "columns"


@dataclass(frozen=True)
class Column:
    """One column that a person may show or hide; `title` is a message id."""

    name: str
    title: str
    sortable: bool = False
    numeric: bool = False
    always: bool = False


@dataclass(frozen=True)
class View:
    """A saved view: a title and the part of the address after "?" that makes it."""

    title: str
    query: str
    count: int | None = None


@dataclass(frozen=True)
class Listing:
    """What a list shows now, as its address says; `total` is filled after counting.

    With `more` there are more than `total`, which nobody has counted.
    """

    path: str
    filters: Mapping[str, str]
    order: str
    descending: bool
    columns: Sequence[Column]
    shown_names: Collection[str]
    page: int
    size: int
    default_order: str
    picked: tuple[str, ...] = ()
    region: str = ""
    total: int = 0
    more: bool = False

    @classmethod
    def of(
        cls,
        request: Request[Any, Any, Any],
        *,
        filters: Sequence[str],
        columns: Sequence[Column],
        order: str,
        size: int = 50,
        hidden: Collection[str] = (),
        region: str = "",
    ) -> Listing:
        """The state that the address of `request` asks for; what it may not ask is left out.

        `order` is the default ("due_on", or "-amount_fen" for descending); only sortable
        columns and the default are accepted. `hidden` columns show only when chosen.
        `region` is the id of the element that holds the list: with it, filters, order and
        pages change that element alone, where script runs.
        """
        given = request.query_params
        sortable = {c.name for c in columns if c.sortable} | {order.lstrip("-")}
        asked = str(given.get(_ORDER, order))
        chosen = asked if asked.lstrip("-") in sortable else order
        page = str(given.get(_PAGE, "1"))
        picked = tuple(str(name) for name in given.getall(_COLUMNS, []))
        return cls(
            path=request.url.path,
            filters={
                name: text for name in filters if (text := str(given.get(name, "")).strip()[:200])
            },
            order=chosen.lstrip("-"),
            descending=chosen.startswith("-"),
            columns=columns,
            shown_names={
                c.name
                for c in columns
                if c.always or (c.name in picked if picked else c.name not in hidden)
            },
            page=max(1, int(page)) if page.isascii() and page.isdigit() and len(page) < 7 else 1,
            size=size,
            default_order=order,
            picked=picked,
            region=region,
        )

    def counted(self, total: int, *, more: bool = False) -> Listing:
        """The same list once its rows are counted, or so many of them, and there are `more`."""
        return replace(self, total=total, more=more)

    @property
    def offset(self) -> int:
        """Rows before this page."""
        return (self.page - 1) * self.size

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return max(1, -(-self.total // self.size))

    @property
    def first(self) -> int:
        """Number of the first row shown, from one; 0 for an empty list."""
        return min(self.offset + 1, self.total)

    @property
    def last(self) -> int:
        """Number of the last row shown."""
        return min(self.offset + self.size, self.total)

    @property
    def order_text(self) -> str:
        """The order as the address says it: "-amount_fen" for descending."""
        return f"-{self.order}" if self.descending else self.order

    @property
    def query(self) -> str:
        """The filters alone, as a saved view keeps them."""
        return urlencode(self.filters)

    def shows(self, name: str) -> bool:
        """Whether the column is shown."""
        return name in self.shown_names

    def address(self, path: str | None = None, **changes: object) -> str:
        """The address of this list with some filters, `order`, `page` or `columns` changed.

        None or "" takes a filter away. Any change but of the page leads to page one.
        Example: address(state="APPROVED", page=1) is "/payments?state=APPROVED".
        """
        said: dict[str, object] = {**self.filters}
        if self.order_text != self.default_order:
            said[_ORDER] = self.order_text
        if _PAGE not in changes and not changes and self.page > 1:
            said[_PAGE] = self.page
        if self.picked:
            said[_COLUMNS] = [c.name for c in self.columns if self.shows(c.name)]
        said.update(changes)
        kept = {n: v for n, v in said.items() if v not in (None, "") and (n, v) != (_PAGE, 1)}
        query = urlencode(kept, doseq=True)
        where = path or self.path
        return f"{where}?{query}" if query else where

    def order_address(self, name: str) -> str:
        """The address that sorts by `name`, or turns the order if it is the present one."""
        descending = name == self.order and not self.descending
        order = f"-{name}" if descending else name
        return self.address(order=None if order == self.default_order else order)
