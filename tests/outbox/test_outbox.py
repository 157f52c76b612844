"""Mails: queued with the message, sent once, tried again, readable where nothing is sent."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from grants.kernel import calendar
from grants.kernel.calendar import rehearsed_at
from grants.kernel.errors import Conflict, NotAllowed
from grants.kernel.identity import SYSTEM, Actor, Role
from grants.outbox import actions, queries
from grants.outbox.actions import send_waiting
from grants.outbox.jobs import send_mails
from grants.people.mail_settings import MailSettings, change_mail, mail_settings
from grants.platform import db, inbox
from grants.platform.mail import letter
from grants.platform.smtp import Server, message_of, server_of
from grants.settings import Settings
from tests.app import browsing, send
from tests.outbox.post_office import PostOffice, post_office
from tests.world import add_actor

pytestmark = pytest.mark.usefixtures("empty")
NOW = datetime(2026, 6, 15, 9, tzinfo=calendar.ZONE)


@pytest.fixture
def office() -> Iterator[PostOffice]:
    with post_office() as made:
        yield made


def at(office: PostOffice) -> Server:
    address = f"smtp://clerk:secret@127.0.0.1:{office.port}"
    found = server_of(Settings(smtp_url=address, mail_from="民政局 <grants@example.org>"))
    assert found is not None
    return found


async def reader(**more: object) -> Actor:
    """Somebody who has given an address."""
    made = await add_actor(Role.OFFICER, name="示例·读信人")
    await change_mail(made, MailSettings(**{"email": "reader@example.org", **more}))  # type: ignore[arg-type]
    return made


async def told(actor: Actor, key: str = "k", **params: object) -> None:
    async with db.unit_of_work(SYSTEM):
        await inbox.tell(
            actor.user_id,
            key,
            "The agreement {number} is in force; the first payment can be asked for.",
            "/agreements/7",
            {"number": "协〔2026〕0007", **params},
        )


async def state() -> tuple[str, int]:
    (one,) = await queries.mails("", "", limit=5, offset=0)
    return one.state, one.tries


async def test_what_the_inbox_says_goes_out_as_one_mail_in_the_readers_language(
    office: PostOffice,
) -> None:
    await told(await reader())
    assert await send_waiting(at(office)) == (1, 0)
    assert await send_waiting(at(office)) == (0, 0)
    (mail,) = office.letters
    assert mail["To"] == "reader@example.org" and "grants@example.org" in mail["From"]
    assert "协〔2026〕0007" in mail["Subject"] and "生效" in mail["Subject"]
    assert "/agreements/7" in mail.get_content() and "/me" in mail.get_content()
    assert await state() == ("SENT", 1)


async def test_nobody_gets_a_mail_who_gave_no_address_or_wants_none() -> None:
    await told(await add_actor(Role.OFFICER, name="示例·某人"))
    await told(await reader(wants_mail=False))
    assert await queries.count_mails("", "") == 0


async def test_a_message_that_is_taken_back_takes_its_mail_back() -> None:
    actor = await reader()
    with pytest.raises(RuntimeError):
        async with db.unit_of_work(SYSTEM):
            await inbox.tell(actor.user_id, "k", "Saved.", "/", {})
            raise RuntimeError
    assert await queries.count_mails("", "") == 0


async def test_a_refused_login_is_tried_again_after_growing_pauses_and_fails_at_last(
    office: PostOffice,
) -> None:
    office.refuses_login = True
    with rehearsed_at(NOW):
        await told(await reader())
    moment = NOW
    for pause in (1, 5, 30, 120):
        with rehearsed_at(moment):
            assert await send_waiting(at(office)) == (0, 1)
        with rehearsed_at(moment + timedelta(minutes=pause, seconds=-1)):
            assert await send_waiting(at(office)) == (0, 0)
        moment += timedelta(minutes=pause)
    with rehearsed_at(moment):
        await send_waiting(at(office))
    assert await state() == ("FAILED", 5)
    (one,) = await queries.mails("FAILED", "", limit=5, offset=0)
    assert one.last_error.startswith("535") and "secret" not in one.last_error


async def test_an_address_that_is_refused_does_not_hold_the_others_up(office: PostOffice) -> None:
    office.refuses = "nobody@example.org"
    await told(await reader(email="nobody@example.org"))
    await told(await reader())
    assert await send_waiting(at(office)) == (1, 1)
    assert [one["To"] for one in office.letters] == ["reader@example.org"]


async def test_two_senders_at_once_send_each_mail_once(office: PostOffice) -> None:
    actor = await reader()
    for n in range(20):
        await told(actor, key=f"k{n}")
    sent = await asyncio.gather(*(send_waiting(at(office)) for _ in range(4)))
    assert sum(out for out, _ in sent) == len(office.letters) == 20


async def test_whoever_dies_while_sending_leaves_the_mail_to_the_next(office: PostOffice) -> None:
    with rehearsed_at(NOW):
        await told(await reader())
        await actions._take()
        assert await send_waiting(at(office)) == (0, 0)
    with rehearsed_at(NOW + timedelta(minutes=10)):
        assert await send_waiting(at(office)) == (1, 0)


async def test_a_line_break_in_a_title_makes_no_header_and_private_numbers_are_masked(
    office: PostOffice,
) -> None:
    await told(await reader(), number="一\r\nBcc: all@example.org 13800000001")
    await send_waiting(at(office))
    (mail,) = office.letters
    assert mail["Bcc"] is None and "138****0001" in mail["Subject"]
    assert "13800000001" not in mail.get_content()
    bad = letter("zh", "Saved.", "/", {})
    with pytest.raises(ValueError, match=r"linefeed|newline|Header"):
        message_of(at(office), 1, NOW, "a@example.org", type(bad)(subject="a\nBcc: b@c.d", body=""))


async def test_without_a_server_nothing_is_sent_and_the_mail_lies_readable() -> None:
    admin = await add_actor(Role.SYS_ADMIN, name="示例·某人")
    await told(await reader())
    assert await send_mails() == "no mail server is named"
    (one,) = await queries.mails("WAITING", "读信人", limit=5, offset=0)
    async with browsing(admin) as client:
        page = (await client.get("/outbox")).text
        assert "GRANTS_SMTP_URL" in page and "协〔2026〕0007" in page
        assert "/agreements/7" in (await client.get(f"/outbox/{one.id}")).text


@pytest.mark.parametrize("role", [Role.OFFICER, Role.AUDITOR, Role.EXPERT])
async def test_only_the_administrator_reads_the_outbox(role: Role) -> None:
    async with browsing(await add_actor(role, name="示例·某人")) as client:
        assert (await client.get("/outbox")).status_code == 403


async def test_only_a_mail_that_failed_is_sent_again(office: PostOffice) -> None:
    await told(await reader())
    admin = await add_actor(Role.SYS_ADMIN, name="示例·某人")
    (one,) = await queries.mails("", "", limit=5, offset=0)
    with pytest.raises(Conflict, match="failed"):
        await actions.send_again(admin, one.id)
    async with db.unit_of_work(SYSTEM):
        await db.execute("UPDATE mail SET state = 'FAILED' WHERE id = $1", one.id)
    with pytest.raises(NotAllowed):
        await actions.send_again(await add_actor(Role.OFFICER, name="示例·某人"), one.id)
    await actions.send_again(admin, one.id)
    assert await send_waiting(at(office)) == (1, 0)


async def test_a_changed_address_gets_no_mail_that_was_meant_for_the_old_one() -> None:
    actor = await reader()
    await told(actor)
    await change_mail(actor, MailSettings("new@example.org"))
    assert await queries.count_mails("WAITING", "") == 0


@pytest.mark.parametrize("wrong", ["nobody", "a@b", "a b@example.org", "张@example.org"])
async def test_an_address_that_is_none_is_refused_and_stays_in_the_form(wrong: str) -> None:
    actor = await add_actor(Role.OFFICER, name="示例·某人")
    async with browsing(actor) as client:
        answer = await send(client, "/me/mail", {"email": wrong, "language": "zh"})
        assert answer.status_code == 422 and "name@example.org" in answer.text


async def test_one_says_on_ones_own_page_where_mails_go() -> None:
    actor = await add_actor(Role.OFFICER, name="示例·某人")
    async with browsing(actor) as client:
        form = {"email": "li@example.org", "language": "en", "wants_mail": "on"}
        assert (await send(client, "/me/mail", form)).status_code == 303
        assert "li@example.org" in (await client.get("/me")).text
    assert await mail_settings(actor) == MailSettings("li@example.org", "en", True)


def test_settings_without_a_sender_or_with_another_scheme_are_refused() -> None:
    for wrong in ({"smtp_url": "smtp://host"}, {"smtp_url": "http://host", "mail_from": "a@b.c"}):
        with pytest.raises(ValueError, match=r"GRANTS_MAIL_FROM|smtp://"):
            Settings(**wrong)  # type: ignore[arg-type]
