"""Bank accounts: entered by one person, verified by another, kept encrypted."""

from __future__ import annotations

from dataclasses import dataclass

from grants.kernel import calendar
from grants.kernel.errors import N_, Conflict, NotAllowed, RuleBroken
from grants.kernel.identifiers import is_cnaps, last_four, plain_identifier
from grants.kernel.identity import Actor
from grants.kernel.identity import Permission as P
from grants.parties import duplicates, queries, rules
from grants.parties.queries import ACCOUNT_SECRET, Account
from grants.parties.rules import AccountCase
from grants.parties.workflow import ACCOUNT, AccountState
from grants.platform import crypto, db
from grants.platform.audit import Case, record, take_duty

for _name in ("bank_account_once_per_organisation", "bank_account_once_per_person"):
    db.explain_constraint(
        _name, Conflict, "account.known", N_("This account of the payee is on record already.")
    )
db.explain_constraint(
    "bank_account_two_people",
    NotAllowed,
    "account.own_entry",
    N_("You entered this account; another person has to verify it."),
)


@dataclass(frozen=True)
class AccountDetails:
    """A bank account as it stands on the paper that proves it."""

    holder_name: str
    number: str
    bank_name: str
    cnaps: str | None = None
    evidence: str = ""


async def enter_account(
    actor: Actor,
    details: AccountDetails,
    *,
    organisation_id: int | None = None,
    person_id: int | None = None,
) -> int:
    """Enter a payee's account; another person verifies it. Answers its id.

    The number is kept encrypted, with a keyed index for finding the same one again. Raises
    RuleBroken for a number or a routing number of a wrong form, NotFound for an unknown
    payee, Conflict `account.known` where this payee has the account already.
    """
    actor.need(P.ACCOUNT_ENTER)
    number = plain_identifier(details.number)
    fault = rules.account_fault(number)
    if fault:
        raise fault
    cnaps = plain_identifier(details.cnaps or "") or None
    if cnaps and not is_cnaps(cnaps):
        raise RuleBroken(
            "account.cnaps", N_("A routing number has 12 digits, the last of which checks them.")
        )
    payee = await queries.payee(actor, organisation_id=organisation_id, person_id=person_id)
    async with db.unit_of_work(actor):
        account_id = await db.value(
            """
            INSERT INTO bank_account (organisation, person, holder_name, number, number_index,
                number_last4, bank_name, cnaps, state, entered_by_person, evidence)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING id
            """,
            organisation_id,
            person_id,
            details.holder_name.strip(),
            crypto.encrypt(ACCOUNT_SECRET, number),
            crypto.blind_index(ACCOUNT_SECRET, number),
            last_four(number),
            details.bank_name.strip(),
            cnaps,
            AccountState.ENTERED,
            actor.person_id,
            details.evidence.strip(),
        )
        case = Case("bank_account", account_id)
        await take_duty(actor, case, "enter")
        facts = {"payee": payee.name, "last4": last_four(number)}
        await record(actor, case, "enter", after=AccountState.ENTERED, facts=facts)
        await duplicates.flag(
            "organisation" if organisation_id else "person", organisation_id or person_id
        )
        await duplicates.flag("bank_account", account_id)
    return int(account_id)


async def _decide(
    actor: Actor, account_id: int, verb: str, *, typed: str | None = None, reason: str = ""
) -> tuple[Account, AccountState]:
    """Lock an account and take one step of its table, with duty and event."""
    account = await queries.account(actor, account_id, lock=True)
    index = await db.value("SELECT number_index FROM bank_account WHERE id = $1", account_id)
    alike = typed is None or crypto.blind_index(ACCOUNT_SECRET, plain_identifier(typed)) == index
    state = ACCOUNT.take(
        verb,
        account.state,
        actor,
        AccountCase(actor.person_id, account.entered_by_person, alike),
    )
    if verb != "retire":
        await take_duty(actor, Case("bank_account", account_id), "verify")
    await record(
        actor,
        Case("bank_account", account_id),
        verb,
        before=account.state,
        after=state,
        reason=reason.strip(),
        facts={"payee": account.payee_name, "last4": account.number_last4},
    )
    return account, AccountState(state)


async def verify_account(actor: Actor, account_id: int, *, number: str, note: str = "") -> None:
    """Verify what somebody else entered, by typing the number from the evidence once more.

    Raises NotAllowed to the person who entered it, through whichever account of theirs
    (财会〔2012〕21号), RuleBroken `account.typed_differently` when the two numbers differ, and
    Conflict when it is decided already.
    """
    async with db.unit_of_work(actor):
        _, state = await _decide(actor, account_id, "verify", typed=number, reason=note)
        await db.execute(
            "UPDATE bank_account SET state = $2, verified_by_person = $3, verified_at = $4 "
            "WHERE id = $1",
            account_id,
            state,
            actor.person_id,
            calendar.now(),
        )


async def refuse_account(actor: Actor, account_id: int, *, reason: str) -> None:
    """Refuse an account that the evidence does not bear out; raises as `verify_account`."""
    await _end_account(actor, account_id, "refuse", reason)


async def retire_account(actor: Actor, account_id: int, *, reason: str) -> None:
    """No longer pay to a verified account. Raises Conflict when it is not verified any more."""
    await _end_account(actor, account_id, "retire", reason)


async def _end_account(actor: Actor, account_id: int, verb: str, reason: str) -> None:
    if not reason.strip():
        raise RuleBroken("account.reason_missing", N_("Give the reason in a few words."))
    async with db.unit_of_work(actor):
        _, state = await _decide(actor, account_id, verb, reason=reason)
        await db.execute("UPDATE bank_account SET state = $2 WHERE id = $1", account_id, state)
