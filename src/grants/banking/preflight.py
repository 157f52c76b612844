"""Everything that speaks against sending a list of payments to the bank."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from grants.banking.pay_items import Payer, PayItem
from grants.kernel.errors import N_
from grants.kernel.identifiers import (
    card_number_warning,
    is_cnaps,
    is_corporate_account,
    last_four,
)
from grants.kernel.money import Fen, yuan_text

Level = Literal["blocking", "warning"]

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff\ud800-\udfff]")
_BANK = re.compile(r"^.*?(?:银行|信用社|信用合作联社|农信社)")
_TEXTS = ("account_name", "bank_name", "purpose", "province", "city", "remark")
_NAME_MAX_CHARS = 140


@dataclass(frozen=True)
class Finding:
    """One fault. `item_no` is None where the whole list is meant."""

    code: str
    item_no: str | None
    level: Level
    message_id: str
    params: Mapping[str, object] = field(default_factory=dict)


Faults = Iterator[Finding]


def bank_of(name: str) -> str:
    """Cut a branch name down to its bank: 中国工商银行太仓支行 is 中国工商银行."""
    match = _BANK.match(name)
    return match[0] if match else name


def find_faults(
    items: Sequence[PayItem],
    payer: Payer | None,
    *,
    max_rows: int,
    purpose_max_chars: int,
    personal_purpose_over_fen: int,
    cnaps: Literal["always", "cross_bank", "never"],
    encoding: str | None,
) -> list[Finding]:
    """Check the list as a whole, then item by item, and return every fault found.

    The 50,000 yuan above which a payment from a unit's account to a person needs a stated
    purpose come from the profile (人民币银行结算账户管理办法 [K]).
    """
    faults = [*_of_list(items, max_rows), *_repeated(items)]
    if cnaps == "always" and payer is not None and not is_cnaps(payer.cnaps):
        faults.append(
            Finding(
                "pay.payer_cnaps_wrong",
                None,
                "blocking",
                N_("The paying account needs the valid routing number of its bank."),
            )
        )
    for item in items:
        faults += _of_texts(item, encoding)
        faults += _of_account(item)
        faults += _of_amount(item)
        faults += _of_purpose(item, purpose_max_chars, personal_purpose_over_fen)
        if cnaps != "never":
            faults += _of_bank(item, payer, always=cnaps == "always")
    return faults


def _of_list(items: Sequence[PayItem], max_rows: int) -> Faults:
    if not items:
        yield Finding("pay.no_items", None, "blocking", N_("There is nothing to pay."))
    if len(items) > max_rows:
        yield Finding(
            "pay.too_many_items",
            None,
            "blocking",
            N_("The list has {count} payments; the bank takes at most {max_rows} in one file."),
            {"count": len(items), "max_rows": max_rows},
        )


def _repeated(items: Sequence[PayItem]) -> Faults:
    by_number: dict[str, PayItem] = {}
    by_content: dict[tuple[str, Fen, str], PayItem] = {}
    for item in items:
        if by_number.setdefault(item.item_no, item) is not item:
            yield Finding(
                "pay.item_no_twice",
                item.item_no,
                "blocking",
                N_("The item number {item_no} appears twice."),
                {"item_no": item.item_no},
            )
        content = (item.account, item.amount_fen, item.purpose)
        first = by_content.setdefault(content, item)
        if first is not item:
            yield Finding(
                "pay.same_payment_twice",
                item.item_no,
                "blocking",
                N_("The items {first} and {second} pay {amount} yuan for the same to one account."),
                {
                    "first": first.item_no,
                    "second": item.item_no,
                    "amount": yuan_text(item.amount_fen),
                },
            )


def _finding(item: PayItem, code: str, level: Level, message: str, **params: object) -> Finding:
    return Finding(code, item.item_no, level, message, params)


def _of_texts(item: PayItem, encoding: str | None) -> Faults:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,34}", item.item_no):
        yield _finding(
            item,
            "pay.item_no_shape",
            "blocking",
            N_("An item number has 1 to 35 letters, digits, points, hyphens and slashes."),
        )
    if not item.account_name.strip():
        yield _finding(
            item, "pay.name_missing", "blocking", N_("The name of the account is missing.")
        )
    for name in _TEXTS:
        text = getattr(item, name)
        if _CONTROL.search(text):
            yield _finding(
                item,
                "pay.control_character",
                "blocking",
                N_("“{text}” holds a line break or another invisible character."),
                text=_CONTROL.sub("␤", text),
            )
        else:
            yield from _of_characters(item, text, encoding)
        if text != text.strip():
            yield _finding(
                item,
                "pay.surrounding_space",
                "warning",
                N_("“{text}” begins or ends with a space; banks compare names exactly."),
                text=text,
            )
        if len(text) > _NAME_MAX_CHARS:
            yield _finding(
                item,
                "pay.text_too_long",
                "blocking",
                N_("“{text}” is longer than {max_chars} characters."),
                text=text[:20] + "…",
                max_chars=_NAME_MAX_CHARS,
            )
        if re.match(r"'*[=+\-@]", text):
            yield _finding(
                item,
                "pay.formula_text",
                "warning",
                N_("“{text}” begins like a formula; in a text file an apostrophe goes before it."),
                text=text,
            )


def _of_characters(item: PayItem, text: str, encoding: str | None) -> Faults:
    lacking = _characters(text, lambda c: encoding is not None and not _encodes(c, encoding))
    rare = _characters(text, lambda c: c not in lacking and not _encodes(c, "gbk"))
    if lacking:
        yield _finding(
            item,
            "pay.unencodable",
            "blocking",
            N_("The encoding {encoding} of the file lacks the characters {characters}."),
            encoding=(encoding or "").upper(),
            characters=lacking,
        )
    if rare:
        yield _finding(
            item,
            "pay.rare_character",
            "warning",
            N_("The bank may not know the rare characters {characters}; ask how it writes them."),
            characters=rare,
        )


def _characters(text: str, wanted: Callable[[str], bool]) -> str:
    return "".join(dict.fromkeys(c for c in text if ord(c) > 127 and wanted(c)))


def _encodes(character: str, encoding: str) -> bool:
    try:
        character.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _of_account(item: PayItem) -> Faults:
    # Findings travel further than payment files: they show the last four digits only.
    if not _digits_only(item.account) or not is_corporate_account(item.account):
        yield _finding(
            item,
            "pay.account_shape",
            "blocking",
            N_("An account number has 8 to 32 digits; this one ends in “{last_four}”."),
            last_four=last_four(item.account),
        )
    elif item.to_person and card_number_warning(item.account):
        yield _finding(
            item,
            "pay.card_number",
            "warning",
            N_("The account …{last_four} does not look like a card; compare it with the original."),
            last_four=last_four(item.account),
        )


def _digits_only(text: str) -> bool:
    """What goes to a bank has no spaces, hyphens or full-width digits left."""
    return text.isascii() and text.isdecimal()


def _of_amount(item: PayItem) -> Faults:
    if item.amount_fen <= 0:
        yield _finding(
            item,
            "pay.amount_not_positive",
            "blocking",
            N_("A payment of {amount} yuan cannot be sent."),
            amount=yuan_text(item.amount_fen),
        )


def _of_purpose(item: PayItem, max_chars: int, personal_over_fen: int) -> Faults:
    if len(item.purpose) > max_chars:
        yield _finding(
            item,
            "pay.purpose_too_long",
            "blocking",
            N_("The purpose has {chars} characters; the bank takes {max_chars}."),
            chars=len(item.purpose),
            max_chars=max_chars,
        )
    if item.to_person and item.amount_fen > personal_over_fen and not item.purpose.strip():
        yield _finding(
            item,
            "pay.personal_purpose_missing",
            "blocking",
            N_("A payment above {limit} yuan to a person needs a stated purpose."),
            limit=yuan_text(Fen(personal_over_fen)),
        )


def _of_bank(item: PayItem, payer: Payer | None, *, always: bool) -> Faults:
    if item.cnaps:
        if not _digits_only(item.cnaps) or not is_cnaps(item.cnaps):
            yield _finding(
                item,
                "pay.cnaps_wrong",
                "blocking",
                N_("{cnaps} is not a valid bank routing number."),
                cnaps=item.cnaps,
            )
        return
    same_bank = payer is not None and bank_of(item.bank_name) == bank_of(payer.bank_name)
    if always or (item.bank_name and not same_bank):
        yield _finding(
            item,
            "pay.cnaps_missing",
            "blocking",
            N_("A payment to another bank needs the routing number of that bank."),
        )
    elif not item.bank_name:
        yield _finding(
            item,
            "pay.bank_unknown",
            "warning",
            N_("The bank of the account is not known; the file treats it as the payer's own."),
        )
