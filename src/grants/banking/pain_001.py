"""ISO 20022 pain.001.001.09, the credit transfer order, in yuan between accounts in China."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from xml.etree import ElementTree as ET

from grants.banking.pay_items import Payer, PayItem
from grants.platform.sheet_output import yuan_of

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
CLEARING_SYSTEM = "CNAPS"
"""External clearing system code of China's national advanced payment system [K]."""


def pain_001(batch_no: str, items: Sequence[PayItem], payer: Payer, made_at: dt.datetime) -> bytes:
    """Write the order: MsgId is the batch number, EndToEndId the item number.

    `made_at` is aware and in office time; its day is the day of execution. The same arguments
    give the same bytes. Source: ISO 20022, CustomerCreditTransferInitiationV09.
    """
    total = f"{yuan_of(sum(item.amount_fen for item in items)):.2f}"
    document = ET.Element("Document", xmlns=NAMESPACE)
    order = ET.SubElement(document, "CstmrCdtTrfInitn")
    header = ET.SubElement(order, "GrpHdr")
    _text(header, "MsgId", batch_no)
    _text(header, "CreDtTm", made_at.isoformat(timespec="seconds"))
    _text(header, "NbOfTxs", str(len(items)))
    _text(header, "CtrlSum", total)
    _text(ET.SubElement(header, "InitgPty"), "Nm", payer.name)
    payment = ET.SubElement(order, "PmtInf")
    _text(payment, "PmtInfId", batch_no)
    _text(payment, "PmtMtd", "TRF")
    _text(payment, "BtchBookg", "false")
    _text(payment, "NbOfTxs", str(len(items)))
    _text(payment, "CtrlSum", total)
    _text(ET.SubElement(payment, "ReqdExctnDt"), "Dt", made_at.date().isoformat())
    _text(ET.SubElement(payment, "Dbtr"), "Nm", payer.name)
    _account(payment, "DbtrAcct", payer.account)
    _agent(payment, "DbtrAgt", payer.cnaps, payer.bank_name)
    for item in items:
        _transfer(payment, item)
    ET.indent(document)
    return bytes(ET.tostring(document, encoding="UTF-8", xml_declaration=True)) + b"\n"


def _transfer(payment: ET.Element, item: PayItem) -> None:
    transfer = ET.SubElement(payment, "CdtTrfTxInf")
    _text(ET.SubElement(transfer, "PmtId"), "EndToEndId", item.item_no)
    amount = ET.SubElement(ET.SubElement(transfer, "Amt"), "InstdAmt", Ccy="CNY")
    amount.text = f"{yuan_of(item.amount_fen):.2f}"
    _agent(transfer, "CdtrAgt", item.cnaps, item.bank_name)
    _text(ET.SubElement(transfer, "Cdtr"), "Nm", item.account_name)
    _account(transfer, "CdtrAcct", item.account)
    if item.purpose:
        _text(ET.SubElement(transfer, "RmtInf"), "Ustrd", item.purpose)


def _agent(parent: ET.Element, name: str, cnaps: str, bank_name: str) -> None:
    institution = ET.SubElement(ET.SubElement(parent, name), "FinInstnId")
    if cnaps:
        member = ET.SubElement(institution, "ClrSysMmbId")
        _text(ET.SubElement(member, "ClrSysId"), "Cd", CLEARING_SYSTEM)
        _text(member, "MmbId", cnaps)
    if bank_name:
        _text(institution, "Nm", bank_name)


def _account(parent: ET.Element, name: str, number: str) -> None:
    account = ET.SubElement(ET.SubElement(parent, name), "Id")
    _text(ET.SubElement(account, "Othr"), "Id", number)


def _text(parent: ET.Element, name: str, text: str) -> None:
    ET.SubElement(parent, name).text = text
