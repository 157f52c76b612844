"""Writing the lines of an import, within its unit of work: payees first, then their awards."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from grants.awards import bulk
from grants.awards.listed import ListedAward
from grants.awards.workflow import AwardState
from grants.imports.judging import Codes, codes_of
from grants.imports.payees import Payee
from grants.imports.report import ImportOptions, Progress
from grants.imports.rules import Judged, NewAward
from grants.kernel.errors import N_
from grants.kernel.identity import Actor
from grants.parties import imported as parties
from grants.people import imported as people

#: Lines that are written at once, and after which progress is told.
_CHUNK = 1_000


async def write_lines(
    actor: Actor,
    rows: Sequence[Judged],
    options: ImportOptions,
    run_id: int,
    today: date,
    tell: Progress,
) -> None:
    """Write the payees, then the awards chunk by chunk, each chunk in a few statements."""
    codes = await codes_of(options)
    awards = [(row.line, row.award) for row in rows if row.award is not None]
    payees = list({id(award.payee): award.payee for _, award in awards}.values())
    new = [payee for payee in payees if payee.is_new]
    await _write_organisations(actor, [p for p in new if not p.id_number], run_id, tell)
    await _write_persons(actor, [p for p in new if p.id_number], run_id)
    tell(N_("writing"), 0, len(awards))
    for start in range(0, len(awards), _CHUNK):
        chunk = awards[start : start + _CHUNK]
        listed = [_listed(award, line, codes, run_id) for line, award in chunk]
        await bulk.record_listed_awards(actor, listed, today=today)
        tell(N_("writing"), start + len(chunk), len(awards))


async def _write_organisations(
    actor: Actor, new: Sequence[Payee], run_id: int, tell: Progress
) -> None:
    """Add organisations, and flag those that look like another one."""
    for start in range(0, len(new), _CHUNK):
        tell(N_("payees"), start, len(new))
        chunk = new[start : start + _CHUNK]
        ids = await parties.add_organisations(
            actor,
            [parties.NewOrganisation(p.name, p.uscc, p.external_id) for p in chunk],
            {"import_run": run_id},
        )
        for payee, organisation_id in zip(chunk, ids, strict=True):
            payee.organisation_id = organisation_id
    await parties.flag_duplicates(
        (payee.organisation_id, twin.organisation_id, reason)
        for payee in new
        for twin, reason in payee.looks_like
        if payee.organisation_id and twin.organisation_id
    )


async def _write_persons(actor: Actor, new: Sequence[Payee], run_id: int) -> None:
    ids = await people.add_persons(
        actor, [people.NewPerson(p.name, p.id_number) for p in new], {"import_run": run_id}
    )
    for payee, person_id in zip(new, ids, strict=True):
        payee.person_id = person_id


def _listed(award: NewAward, line: int, codes: Codes, run_id: int) -> ListedAward:
    past = award.state is AwardState.HISTORIC
    return ListedAward(
        programme_id=codes.programme_id,
        fund_source_id=codes.fund_source_id if past else None,
        organisation_id=award.payee.organisation_id,
        person_id=award.payee.person_id,
        title=award.title,
        purpose=award.purpose,
        amount_fen=award.amount_fen,
        state=award.state,
        minutes_no=award.minutes_no,
        decided_on=award.decided_on,
        starts_on=award.starts_on,
        ends_on=award.ends_on,
        funder_id=award.funder_id,
        external_id=award.external_id,
        shares=award.shares,
        instalments=award.instalments,
        facts={"import_run": run_id, "line": line},
    )
