"""Who did what and why; duties by natural person; the seal over the history."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import asyncpg
import pytest

from grants.kernel import calendar
from grants.kernel.errors import Conflict, NotAllowed
from grants.kernel.identity import SYSTEM, Actor, Role
from grants.platform import audit, db
from grants.platform.audit import Case
from tests.world import add_actor

pytestmark = pytest.mark.usefixtures("empty")

CASE = Case("test", 7)


async def events() -> int:
    return int(await db.value("SELECT count(*) FROM case_event WHERE case_kind = 'test'"))


async def test_an_event_says_who_did_what_and_why() -> None:
    actor = await add_actor(Role.OFFICER, name="示例·张")
    async with db.unit_of_work(actor):
        await audit.record(
            actor,
            CASE,
            "submit",
            before="DRAFT",
            after="SUBMITTED",
            reason="合同已签",
            facts={"amount_fen": 100},
            role=Role.OFFICER,
        )
    (event,) = await audit.timeline(CASE)
    assert (event.verb, event.state_before, event.state_after) == ("submit", "DRAFT", "SUBMITTED")
    assert (event.who, event.role, event.reason) == ("示例·张", Role.OFFICER, "合同已签")
    assert event.facts == {"amount_fen": 100}
    assert not event.delegated


async def test_an_event_under_delegation_says_so() -> None:
    actor = replace(
        await add_actor(name="示例·李"),
        roles=frozenset({Role.FIN_HEAD}),
        delegations={Role.FIN_HEAD: 5},
    )
    async with db.unit_of_work(actor):
        await audit.record(actor, CASE, "close", role=Role.FIN_HEAD)
        await audit.record(actor, CASE, "look", role=Role.OFFICER)
    assert [e.delegated for e in await audit.timeline(CASE)] == [False, True]


async def test_the_timeline_tells_the_newest_first() -> None:
    for verb in ("draft", "submit", "approve"):
        async with db.unit_of_work(SYSTEM):
            await audit.record(SYSTEM, CASE, verb)
            await audit.record(SYSTEM, Case("test", 8), "other")
    assert [e.verb for e in await audit.timeline(CASE)] == ["approve", "submit", "draft"]


async def test_an_event_of_a_unit_that_fails_is_not_kept() -> None:
    with pytest.raises(LookupError):
        async with db.unit_of_work(SYSTEM):
            await audit.record(SYSTEM, CASE, "submit")
            raise LookupError
    assert await events() == 0


@pytest.mark.parametrize(
    "statement", ["UPDATE case_event SET reason = ''", "DELETE FROM case_event"]
)
async def test_events_are_append_only(statement: str) -> None:
    async with db.unit_of_work(SYSTEM):
        await audit.record(SYSTEM, CASE, "submit")
    with pytest.raises(asyncpg.RaiseError, match="append-only"):
        async with db.unit_of_work(SYSTEM):
            await db.execute(statement)


async def test_many_first_events_are_written_at_once() -> None:
    async with db.unit_of_work(SYSTEM):
        await audit.record_all(
            SYSTEM, "test", "import", [(n, "DRAFT", {"line": n}) for n in range(1, 4)]
        )
    (event,) = await audit.timeline(Case("test", 2))
    assert (event.state_after, event.facts) == ("DRAFT", {"line": 2})


# Duties


async def take(actor: Actor, duty: str, case: Case = CASE) -> None:
    async with db.unit_of_work(actor):
        await audit.take_duty(actor, case, duty)


async def test_a_person_holds_one_duty_on_a_case() -> None:
    actor = await add_actor(name="示例·张")
    await take(actor, "make")
    with pytest.raises(NotAllowed) as refused:
        await take(actor, "approve")
    assert refused.value.code == "duty.separated"
    assert refused.value.params == {"duty": "make"}
    assert await audit.duty_of(actor.person_id, CASE) == "make"


async def test_the_same_duty_may_be_taken_again() -> None:
    actor = await add_actor(name="示例·张")
    await take(actor, "make")
    await take(actor, "make")


async def test_another_case_is_another_duty() -> None:
    actor = await add_actor(name="示例·张")
    await take(actor, "make")
    await take(actor, "approve", Case("test", 8))


async def test_two_accounts_of_one_person_are_one_person() -> None:
    first = await add_actor(name="示例·张")
    second = await add_actor(name="示例·张二", person_id=first.person_id)
    assert first.user_id != second.user_id
    await take(first, "make")
    with pytest.raises(NotAllowed):
        await take(second, "approve")


async def test_of_two_duties_taken_at_once_one_is_held() -> None:
    actor = await add_actor(name="示例·张")
    found = await asyncio.gather(
        *(take(actor, duty) for duty in ("make", "approve") * 8), return_exceptions=True
    )
    assert sum(f is None for f in found) == 8
    assert sum(isinstance(f, NotAllowed) for f in found) == 8


async def test_a_duty_of_a_unit_that_fails_is_not_held() -> None:
    actor = await add_actor(name="示例·张")
    with pytest.raises(LookupError):
        async with db.unit_of_work(actor):
            await audit.take_duty(actor, CASE, "make")
            raise LookupError
    assert await audit.duty_of(actor.person_id, CASE) is None


async def test_duties_of_many_new_cases_are_taken_at_once() -> None:
    actor = await add_actor(name="示例·张")
    async with db.unit_of_work(actor):
        await audit.take_duties(actor, "test", [1, 2, 3], "create")
    assert await audit.duty_of(actor.person_id, Case("test", 3)) == "create"
    with pytest.raises(Conflict):
        async with db.unit_of_work(actor):
            await audit.take_duties(actor, "test", [3, 4], "approve")
    assert await audit.duty_of(actor.person_id, Case("test", 4)) is None


# Sealing


async def seal() -> int:
    async with db.unit_of_work(SYSTEM):
        return await audit.seal_history(calendar.now() + timedelta(minutes=1))


async def tamper(statement: str) -> None:
    async with db.ENGINE.transaction():
        await db.execute("SET LOCAL session_replication_role = replica")
        await db.execute(statement)


async def three_blocks() -> None:
    for name in ("张", "李", "王"):
        await add_actor(name=f"示例·{name}")
        assert await seal() > 0


async def test_sealing_twice_seals_nothing_new() -> None:
    await three_blocks()
    assert await seal() == 0
    assert await audit.broken_seals() == []


async def test_what_is_too_fresh_is_not_sealed_yet() -> None:
    standing = await db.value("SELECT coalesce(max(id), 0) FROM row_history")
    await add_actor(name="示例·张")
    async with db.unit_of_work(SYSTEM):
        await audit.seal_history(calendar.now() - timedelta(minutes=5))
    assert await db.value("SELECT coalesce(max(last_id), 0) FROM history_seal") <= standing


@pytest.mark.breaches
@pytest.mark.parametrize(
    "statement",
    [
        'UPDATE row_history SET after = after || \'{"name": "他人"}\' WHERE id = %s',
        "UPDATE row_history SET user_id = user_id + 1 WHERE id = %s",
        "UPDATE row_history SET at = at + interval '1 second' WHERE id = %s",
        "DELETE FROM row_history WHERE id = %s",
        "UPDATE row_history SET id = -id WHERE id = %s",
    ],
)
async def test_a_changed_history_breaks_its_seal_and_no_other(statement: str) -> None:
    await three_blocks()
    _, second, _ = await db.rows("SELECT id, first_id FROM history_seal ORDER BY id")
    await tamper(statement % second["first_id"])
    assert await audit.broken_seals() == [second["id"]]


@pytest.mark.breaches
async def test_a_seal_that_is_made_anew_breaks_the_chain() -> None:
    await three_blocks()
    first, second, third = await db.rows("SELECT id, first_id FROM history_seal ORDER BY id")
    await tamper(f"UPDATE history_seal SET digest = 'forged' WHERE id = {second['id']}")
    assert await audit.broken_seals() == [second["id"], third["id"]]
    assert first["id"] not in await audit.broken_seals()
