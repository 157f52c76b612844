"""Awards that come in by the thousand from a list: found again, numbered, and written at once.

All of it is set-based and belongs to the unit of work of whoever brings the list.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date

from grants.awards.listed import EarlierAward, ListedAward
from grants.awards.workflow import AwardState
from grants.kernel import calendar
from grants.kernel.identity import Actor, Permission
from grants.platform import db
from grants.platform.audit import record_all, take_duties


async def awards_listed_before(
    external_ids: Sequence[str],
) -> dict[tuple[str, str], EarlierAward]:
    """Awards that came in by lists, by their funder and their number there."""
    found = await db.rows(
        """
        SELECT a.funder_id, a.external_id, a.title, a.purpose, a.amount_fen, a.minutes_no,
               a.decided_on, a.starts_on, a.ends_on, a.organisation AS organisation_id,
               a.person AS person_id, coalesce(o.name, p.name) AS payee_name
        FROM award a LEFT JOIN organisation o ON o.id = a.organisation
        LEFT JOIN person p ON p.id = a.person
        WHERE a.external_id = ANY($1::text[]) ORDER BY a.id
        """,
        list(external_ids),
    )
    return {(r["funder_id"], r["external_id"]): EarlierAward(**r) for r in found}


async def record_listed_awards(
    actor: Actor, awards: Sequence[ListedAward], *, today: date
) -> list[int]:
    """Write awards of a list within the caller's unit of work; answers their ids in order.

    Past ones are numbered 史〔2015〕0012 in the year of their decision, drafts like any other.
    Nothing is committed: a draft is approved by another person than who brought it in.
    Raises NotAllowed, and Conflict where one of them came in before.
    """
    actor.need(Permission.AWARD_IMPORT)
    ids = await _insert(actor, awards, await _numbers(awards, today))
    written = list(zip(ids, awards, strict=True))
    drafts = [(i, award) for i, award in written if award.state is AwardState.DRAFT]
    if drafts:
        await _insert_plans(drafts)
        await take_duties(actor, "award", [i for i, _ in drafts], "create")
    await record_all(
        actor,
        "award",
        "import",
        [(i, a.state, {"amount_fen": a.amount_fen, **a.facts}) for i, a in written],
    )
    return ids


async def _numbers(awards: Sequence[ListedAward], today: date) -> list[str]:
    """A number for each award, reserved series by series in one step."""
    series = [_series(award, today) for award in awards]
    next_of = await _reserve(Counter(name for name, _ in series))
    numbers = []
    for name, prefix in series:
        numbers.append(f"{prefix}{next_of[name]:04d}")
        next_of[name] += 1
    return numbers


def _series(award: ListedAward, today: date) -> tuple[str, str]:
    if award.state is AwardState.HISTORIC and award.decided_on:
        year = calendar.fiscal_year(award.decided_on)
        return f"award-historic-{year}", f"史〔{year}〕"
    year = calendar.fiscal_year(today)
    return f"award-{year}", f"助〔{year}〕"


async def _reserve(wanted: Mapping[str, int]) -> dict[str, int]:
    """Reserve `wanted` numbers of each series; answers the first of each."""
    found = await db.rows(
        """
        INSERT INTO number_series AS s (series, last)
        SELECT w.series, w.count FROM unnest($1::text[], $2::int[]) w(series, count)
        ORDER BY w.series
        ON CONFLICT (series) DO UPDATE SET last = s.last + excluded.last
        RETURNING series, last
        """,
        list(wanted),
        list(wanted.values()),
    )
    return {r["series"]: r["last"] - wanted[r["series"]] + 1 for r in found}


async def _insert(actor: Actor, awards: Sequence[ListedAward], numbers: Sequence[str]) -> list[int]:
    found = await db.rows(
        """
        WITH given AS (
            SELECT g.*, nextval(pg_get_serial_sequence('award', 'id')) AS id
            FROM jsonb_to_recordset($1::jsonb) AS g(
                place int, number text, programme_id bigint, fund_source_id bigint,
                organisation_id bigint, person_id bigint, title text, purpose text,
                amount_fen bigint, state text, minutes_no text, decided_on date, starts_on date,
                ends_on date, funder_id text, external_id text)
        ), added AS (
            INSERT INTO award (id, number, programme, organisation, person, title, purpose,
                amount_fen, state, basis, minutes_no, decided_on, starts_on, ends_on, origin,
                funder_id, external_id, historic_fund_source, objections, created_by_person,
                version)
            SELECT id, number, programme_id, organisation_id, person_id, title, purpose,
                   amount_fen, state, '', minutes_no, decided_on, starts_on, ends_on, 'IMPORT',
                   funder_id, external_id, fund_source_id, 'NONE', $2, 1
            FROM given ORDER BY place
        )
        SELECT id FROM given ORDER BY place
        """,
        [
            {
                "place": place,
                "number": number,
                "programme_id": award.programme_id,
                "fund_source_id": award.fund_source_id,
                "organisation_id": award.organisation_id,
                "person_id": award.person_id,
                "title": award.title,
                "purpose": award.purpose,
                "amount_fen": award.amount_fen,
                "state": award.state,
                "minutes_no": award.minutes_no,
                "decided_on": award.decided_on,
                "starts_on": award.starts_on,
                "ends_on": award.ends_on,
                "funder_id": award.funder_id,
                "external_id": award.external_id,
            }
            for place, (award, number) in enumerate(zip(awards, numbers, strict=True))
        ],
        actor.person_id,
    )
    return [int(r["id"]) for r in found]


async def _insert_plans(drafts: Sequence[tuple[int, ListedAward]]) -> None:
    """Write shares, then the instalments that draw on them."""
    await db.execute(
        """
        INSERT INTO award_share (award, line, fiscal_year, amount_fen)
        SELECT award, line, fiscal_year, amount_fen FROM jsonb_to_recordset($1::jsonb)
               AS g(award bigint, line bigint, fiscal_year int, amount_fen bigint)
        ORDER BY award, line
        """,
        [
            {
                "award": i,
                "line": share.line_id,
                "fiscal_year": share.fiscal_year,
                "amount_fen": share.amount_fen,
            }
            for i, award in drafts
            for share in award.shares
        ],
    )
    await db.execute(
        """
        INSERT INTO instalment (award, share, sequence, amount_fen, condition, due_on,
                                condition_evidence, state)
        SELECT g.award, s.id, g.sequence, g.amount_fen, g.condition, g.due_on, '', 'OPEN'
        FROM jsonb_to_recordset($1::jsonb) AS g(award bigint, line bigint, sequence int,
             amount_fen bigint, condition text, due_on date)
        JOIN award_share s ON s.award = g.award AND s.line = g.line
        ORDER BY g.award, g.sequence
        """,
        [
            {
                "award": i,
                "line": part.line_id,
                "sequence": sequence,
                "amount_fen": part.amount_fen,
                "condition": part.condition,
                "due_on": part.due_on,
            }
            for i, award in drafts
            for sequence, part in enumerate(award.instalments, 1)
        ],
    )
