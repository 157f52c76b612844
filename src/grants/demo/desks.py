"""What lies on the desks on the last day.

Accounts, likenesses, delegations, an agency on a list, messages.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from grants.demo import names
from grants.demo.clock import Diary
from grants.demo.papers import Paper, file_papers
from grants.demo.people import Bureau, enter_account, verified_account
from grants.kernel.identity import Actor, Role
from grants.parties import actions as parties
from grants.parties import duplicates
from grants.parties import jobs as party_jobs
from grants.parties import queries as party_queries
from grants.parties.actions import OrganisationDetails
from grants.parties.rules import Standing
from grants.payments import approvals, lists
from grants.payments import jobs as payment_jobs
from grants.payments import queries as payments
from grants.payments.lists import PaymentFilter
from grants.people import actions as people
from grants.platform import inbox
from grants.platform.audit import Case


async def lay_desks(bureau: Bureau, diary: Diary) -> None:
    """Everything that waits for somebody and is neither an award nor a payment."""
    await _lay_accounts(bureau, diary)
    await _lay_likenesses(bureau, diary)
    await _list_an_agency(bureau, diary)
    await _send_messages(bureau, diary)


async def _lay_accounts(bureau: Bureau, diary: Diary) -> None:
    """Three accounts to be verified, one of another holder; one refused; one replaced."""
    finance, agencies = bureau[Role.FIN_OFFICER], bureau.agencies
    holder = [f"太仓市{name}" for name in names.AGENCIES]
    day = diary.ago(2)
    with diary.at(day, 10, 20):
        first = await enter_account(
            bureau, holder[4], names.demo_account(104), organisation_id=agencies[4]
        )
        await enter_account(
            bureau, f"{holder[7]}工会", names.demo_account(107), organisation_id=agencies[7]
        )
        payee = bureau.persons[30]
        await enter_account(bureau, names.demo_person(50), names.demo_card(130), person_id=payee)
        refused = await enter_account(
            bureau, holder[2], names.demo_account(102), organisation_id=agencies[2]
        )
    with diary.at(day, 14, 40):
        await parties.refuse_account(finance, refused, reason="开户许可证与所填开户行不一致")
        before = await party_queries.payment_account(agencies[5], None)
        await verified_account(
            bureau, holder[5], names.demo_account(105), organisation_id=agencies[5]
        )
        await parties.retire_account(finance, before, reason="单位变更基本户，原账户已销户")
    proof = Paper(
        purpose="evidence",
        file_name="开户许可证.pdf",
        title="基本存款账户信息（样张）",
        number=names.demo_uscc(5),
        facts=(("账户名称", holder[4]), ("账号", names.demo_account(104))),
        signers=("开户银行",),
    )
    await file_papers(bureau, diary, [(Case("bank_account", first), proof)], day)


async def _lay_likenesses(bureau: Bureau, diary: Diary) -> None:
    """An agency and a person on record twice; two agencies with one phone that are two."""
    officer = bureau[Role.OFFICER]
    with diary.at(diary.ago(1), 9, 10):
        for name, sequence, phone in (
            (f"太仓市{names.AGENCIES[8]}", 90, 709),
            (f"太仓市{names.AGENCIES[11]}（沙溪站）", 91, 712),
        ):
            twin = await parties.register_organisation(
                officer,
                OrganisationDetails(name, names.demo_uscc(sequence), phone=names.demo_phone(phone)),
                is_demo=True,
            )
        await people.add_person(
            officer, names.demo_person(23), phone=names.demo_phone(3), is_demo=True
        )
        (pair,) = await duplicates.duplicates_of(officer, "organisation", twin)
        await parties.decide_duplicate(
            officer, pair.id, same=False, note="两家机构共用联系人，登记证书号不同"
        )
    with diary.at(diary.last_day, 2, 30):
        await party_jobs.flag_duplicates()


async def lend_roles(bureau: Bureau, diary: Diary) -> None:
    """One delegation is over, one runs: a payment was approved under it."""
    past, today = diary.day(0.55), diary.last_day
    stand_in = bureau[Role.FIN_DEPUTY]
    with diary.at(past, 9):
        await people.delegate_role(
            bureau[Role.FIN_HEAD],
            Role.FIN_HEAD,
            stand_in.user_id,
            starts_on=past,
            ends_on=past + timedelta(days=7),
            reason="参加财务人员继续教育",
        )
    with diary.at(diary.ago(1), 8, 30):
        delegation = await people.delegate_role(
            bureau[Role.DEPUTY_LEADER],
            Role.DEPUTY_LEADER,
            stand_in.user_id,
            starts_on=diary.ago(1),
            ends_on=today + timedelta(days=14),
            reason="赴上级部门跟班学习",
        )
    lent = replace(
        stand_in,
        roles=stand_in.roles | {Role.DEPUTY_LEADER},
        delegations={Role.DEPUTY_LEADER: delegation},
    )
    with diary.at(today, 15, 30):
        await _approve_one(lent, today)


async def _approve_one(deputy: Actor, today: date) -> None:
    """Approve the first payment that waits for the deputy and ends there."""
    for listed in await lists.payments(
        deputy, PaymentFilter(waiting_for=frozenset({Role.DEPUTY_LEADER}))
    ):
        payment = await payments.payment(deputy, listed.id)
        if payment.chain[-1] == Role.DEPUTY_LEADER:
            await approvals.approve_payment(
                deputy, payment.id, seen_version=payment.version, today=today, opinion="同意"
            )
            return


async def _list_an_agency(bureau: Bureau, diary: Diary) -> None:
    """The payee of a request at finance is listed for abnormal activity: the gate stops it."""
    officer = bureau[Role.OFFICER]
    waiting = await lists.payments(
        officer, PaymentFilter(waiting_for=frozenset({Role.FIN_OFFICER}))
    )
    others = {f"太仓市{name}": i for i, name in enumerate(names.AGENCIES) if i}
    listed = next(p.payee_name for p in reversed(waiting) if p.payee_name in others)
    agency = bureau.agencies[others[listed]]
    organisation = await party_queries.organisation(officer, agency)
    with diary.at(diary.last_day, 10, 30):
        await parties.set_standing(
            officer,
            agency,
            Standing.ABNORMAL,
            f"登记管理机关公告〔{diary.fiscal_year}〕2号：未按规定报送年度工作报告",
            seen_version=organisation.version,
        )


async def _send_messages(bureau: Bureau, diary: Diary) -> None:
    """The nightly reminders; what came before the last days has been read."""
    last = diary.last_day
    reading = (Role.OFFICER, Role.SECTION_HEAD, Role.FIN_OFFICER)
    for day in (diary.day(0.4), diary.day(0.75), diary.ago(2)):
        with diary.at(day, 2):
            await payment_jobs.announce_due_instalments()
        with diary.at(day, 6, 30):
            await payment_jobs.watch_clocks()
        with diary.at(day, 9):
            for role in reading if day < diary.ago(2) else (Role.SECTION_HEAD,):
                await inbox.mark_all_read(bureau[role])
    with diary.at(last, 6, 30):
        await payment_jobs.watch_clocks()
