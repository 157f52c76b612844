"""ISO 20022 pain.002, the bank's status report on a payment order.

The XML is read without document types and entities, each element with its line, in UTF-8,
UTF-16 or GB18030.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from grants.banking.result_lines import (
    BadResultFile,
    Gathering,
    Outcome,
    Problem,
    ResultFile,
    ResultLine,
)
from grants.kernel.errors import N_
from grants.kernel.money import Fen
from grants.platform.sheets import MAX_BYTES, MAX_ROWS

_NAMESPACE = re.compile(r"urn:iso:std:iso:20022:tech:xsd:pain\.002\.001\.\d\d")
_CHINESE = re.compile(rb"^(<\?xml[^>]*?encoding=)([\"'])(gb\w+)\2", re.I)
_MAX_DEPTH = 40

_OUTCOMES: dict[str, Outcome] = {
    "ACSC": "PAID",
    "ACCC": "PAID",
    "RJCT": "RETURNED",
    "CANC": "RETURNED",
}
"""Settled or credited is paid, rejected or cancelled is returned, all else is on its way."""


@dataclass
class Node:
    """One element: name without namespace, text, children, line in the file."""

    name: str
    line: int
    space: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    text: str = ""
    children: list[Node] = field(default_factory=list)

    def all(self, path: str) -> Iterator[Node]:
        """Yield the elements under a path: "StsRsnInf/Rsn"."""
        first, _, rest = path.partition("/")
        for child in self.children:
            if child.name == first:
                if rest:
                    yield from child.all(rest)
                else:
                    yield child

    def said(self, *paths: str) -> str:
        """Give the text of the first path that has any."""
        found = (node.text.strip() for path in paths for node in self.all(path))
        return next((text for text in found if text), "")


def is_xml(name: str, content: bytes) -> bool:
    """Tell an XML message by its ending or its first bytes."""
    return name.lower().endswith(".xml") or bool(
        re.match(rb"(\xef\xbb\xbf)?\s*<(\?xml\s|\w*:?Document\b)", content[:200])
    )


def _refused(code: str, message: str, **params: object) -> BadResultFile:
    line = params.get("line")
    return BadResultFile([Problem(line if isinstance(line, int) else None, code, message, params)])


def read_xml(content: bytes) -> Node:
    """Read a small XML message into nodes.

    Raises BadResultFile `result.doctype`, `result.xml_broken` with the line, `result.too_large`.
    """
    if len(content) > MAX_BYTES:
        raise _refused("result.too_large", N_("The message is larger than 20 MB."))
    chinese = _CHINESE.match(content)
    root = Node("", 0)
    stack = [root]
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True

    def no_doctype(*_: object) -> None:
        raise _refused(
            "result.doctype", N_("The message brings a document type; such files are not read.")
        )

    def start(name: str, attributes: dict[str, str]) -> None:
        space, _, local = name.rpartition(" ")
        if len(stack) > _MAX_DEPTH:
            raise _refused("result.too_deep", N_("The message is nested too deep."))
        node = Node(local, parser.CurrentLineNumber, space, attributes)
        stack[-1].children.append(node)
        stack.append(node)

    def text(data: str) -> None:
        stack[-1].text += data

    parser.StartDoctypeDeclHandler = no_doctype
    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _: stack.pop()
    parser.CharacterDataHandler = text
    try:
        if chinese:
            content = chinese[1] + b'"UTF-8"' + content[chinese.end() :]
            content = content.decode("gb18030").encode()
        parser.Parse(content, True)
    except (expat.ExpatError, ValueError, LookupError) as problem:
        raise _refused(
            "result.xml_broken",
            N_("The message is broken or cut off at line {line}."),
            line=parser.CurrentLineNumber,
        ) from problem
    return root


def read_pain_002(content: bytes, sha256: str) -> ResultFile:
    """Read the status of each payment of a batch.

    OrgnlMsgId is the batch number, OrgnlEndToEndId the item number.

    Raises BadResultFile with all problems.
    """
    root = read_xml(content)
    report = next(root.all("Document/CstmrPmtStsRpt"), None)
    if report is None or not _NAMESPACE.fullmatch(report.space):
        raise _refused(
            "result.unknown_format",
            N_("The message is no pain.002 status report of a bank."),
        )
    group = next(report.all("OrgnlGrpInfAndSts"), Node("", 0))
    statuses = [
        *report.all("OrgnlPmtInfAndSts/TxInfAndSts"),
        # Version 2 and some banks list the transactions directly.
        *report.all("TxInfAndSts"),
    ]
    if not statuses:
        raise _refused(
            "result.whole_batch",
            N_("The bank answered {status} for the batch as a whole; ask for each payment."),
            status=group.said("GrpSts") or report.said("OrgnlPmtInfAndSts/PmtInfSts") or "?",
        )
    if len(statuses) > MAX_ROWS:
        raise _refused(
            "result.too_many_lines",
            N_("The list has more than {max_rows} lines. Split it into several files."),
            max_rows=MAX_ROWS,
        )
    gathering = Gathering()
    for status in statuses:
        _read_status(gathering, status)
    count, total_fen = _declared(gathering, report, group)
    gathering.finish(count, total_fen, len(statuses))
    batch_no = group.said("OrgnlMsgId") or None
    return ResultFile(sha256, "pain.002", batch_no, tuple(gathering.lines), count, total_fen)


def _declared(gathering: Gathering, report: Node, group: Node) -> tuple[int | None, Fen | None]:
    payments = list(report.all("OrgnlPmtInfAndSts"))
    alone = payments[0] if len(payments) == 1 else Node("", 0)
    count = group.said("OrgnlNbOfTxs") or alone.said("OrgnlNbOfTxs")
    total = group.said("OrgnlCtrlSum") or alone.said("OrgnlCtrlSum")
    total_fen = gathering.amount(group.line, total, zero_allowed=True) if total else None
    if count and not (count.isascii() and count.isdecimal()):
        gathering.refuse(
            group.line,
            "result.count_unreadable",
            N_("“{text}” is not a number of payments."),
            text=count[:40],
        )
        return None, total_fen
    return int(count) if count else None, total_fen


def _read_status(gathering: Gathering, status: Node) -> None:
    before = len(gathering.problems)
    amounts = [
        node
        for path in ("OrgnlTxRef/Amt/InstdAmt", "OrgnlTxRef/IntrBkSttlmAmt")
        for node in status.all(path)
    ]
    amount_fen = gathering.amount(status.line, amounts[0].text.strip()) if amounts else None
    if amounts and amounts[0].attributes.get("Ccy", "CNY") != "CNY":
        gathering.refuse(
            amounts[0].line,
            "result.currency",
            N_("The amount is in {currency}, not in yuan."),
            currency=amounts[0].attributes["Ccy"],
        )
    word = status.said("TxSts")
    if not word:
        gathering.refuse(status.line, "result.no_outcome", N_("The line has no status."))
    booked = status.said("FctvIntrBkSttlmDt/Dt", "FctvIntrBkSttlmDt/DtTm", "AccptncDtTm")
    booked_on = gathering.day(status.line, booked)
    if len(gathering.problems) > before:
        return
    reasons = [node.text.strip() for node in status.all("StsRsnInf/AddtlInf")]
    line = ResultLine(
        line_number=status.line,
        item_no=status.said("OrgnlEndToEndId") or None,
        account=status.said("OrgnlTxRef/CdtrAcct/Id/Othr/Id") or None,
        account_name=status.said("OrgnlTxRef/Cdtr/Pty/Nm", "OrgnlTxRef/Cdtr/Nm") or None,
        amount_fen=amount_fen,
        outcome=_OUTCOMES.get(word.upper(), "UNKNOWN"),
        reason_text=" ".join(reasons) or status.said("StsRsnInf/Rsn/Prtry"),
        bank_reference=status.said("AcctSvcrRef", "ClrSysRef") or None,
        booked_on=booked_on,
    )
    gathering.add(line, status.said("StsRsnInf/Rsn/Cd", "StsRsnInf/Rsn/Prtry"))
