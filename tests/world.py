"""A small bureau for tests: people in their roles, money on lines, a payee, an award."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from itertools import count

from grants.awards import actions as awards
from grants.awards import instalments as award_parts
from grants.awards.actions import AwardPlan
from grants.awards.rules import InstalmentPlan, SharePlan
from grants.budget import actions as budget
from grants.budget.rules import QuotaKind
from grants.first_policies import lay_first_policies
from grants.kernel.identity import SYSTEM, Actor, Role
from grants.kernel.money import Fen
from grants.parties import actions as parties
from grants.parties import queries as party_queries
from grants.parties.actions import AccountDetails, OrganisationDetails
from grants.parties.rules import Inspection, Kind, Standing
from grants.payments import actions as payments
from grants.payments import approvals
from grants.payments import queries as payment_queries
from grants.payments.actions import RequestDetails
from grants.payments.rules import PayerAccount
from grants.platform import db

DAY = date(2026, 6, 15)
PAYER = PayerAccount(
    name="太仓市示例局", account="3205850000000001", bank_name="示例银行", cnaps="999305285003"
)
YUAN = 100
#: Keeps the records of organisations where a test has no people yet.
REGISTRAR = replace(SYSTEM, roles=frozenset({Role.OFFICER}))


_number = count(1)
_invoice = count(1)


@dataclass
class World:
    """What a test finds on the table."""

    people: dict[Role, Actor] = field(default_factory=dict)
    programme: int = 0
    fund: int = 0
    line: int = 0
    organisation: int = 0
    account: int = 0

    def __getitem__(self, role: Role) -> Actor:
        return self.people[role]


async def add_actor(
    *roles: Role, name: str, person_id: int | None = None, organisation_id: int | None = None
) -> Actor:
    """A person with an account and roles; the same `person_id` for a second account.

    The only rows of the world that come without an action: nine passwords would be hashed for
    every test, slowly on purpose, and no state hangs on them.
    """
    async with db.unit_of_work(SYSTEM):
        if person_id is None:
            person_id = await db.value(
                "INSERT INTO person (name, is_demo) VALUES ($1, true) RETURNING id", name
            )
        user_id = await db.value(
            "INSERT INTO app_user (username, person, organisation_id, failed_attempts, is_active, "
            "language) VALUES ($1, $2, $3, 0, true, 'zh') RETURNING id",
            f"{name}-{await db.next_number('test-user')}",
            person_id,
            organisation_id,
        )
        for role in roles:
            await db.execute(
                'INSERT INTO role_grant ("user", role, starts_on, granted_by) '
                "VALUES ($1, $2, '2020-01-01', 1)",
                user_id,
                role,
            )
    return Actor(
        user_id=user_id,
        person_id=person_id or 0,
        name=name,
        roles=frozenset(roles),
        organisation_id=organisation_id,
        request_id="test",
    )


async def add_organisation(name: str = "示例晨曦社会工作服务中心", uscc: str | None = None) -> int:
    """An organisation of good standing whose last inspection was passed."""
    organisation_id = await parties.register_organisation(
        REGISTRAR,
        OrganisationDetails(name, uscc, Kind.PRIVATE_NON_ENTERPRISE),
        external_id=f"test-{next(_number)}",
        is_demo=True,
    )
    await parties.record_inspection(
        REGISTRAR, organisation_id, 2025, Inspection.PASSED, seen_version=1, today=DAY
    )
    return organisation_id


async def enter_account(
    world: World, organisation_id: int, holder: str, number: str = "320500000000011"
) -> int:
    """An account that the officer entered and nobody verified yet."""
    return await parties.enter_account(
        world[Role.OFFICER],
        AccountDetails(holder, number, "示例银行太仓支行", "999305285003"),
        organisation_id=organisation_id,
    )


async def add_account(
    world: World, organisation_id: int, holder: str, number: str = "320500000000011"
) -> int:
    """A verified account, entered by the officer and verified by finance."""
    account_id = await enter_account(world, organisation_id, holder, number)
    await parties.verify_account(world[Role.FIN_OFFICER], account_id, number=number)
    return account_id


async def set_standing(organisation_id: int, standing: Standing) -> None:
    """How the registering body lists an organisation from now on."""
    organisation = await party_queries.organisation(REGISTRAR, organisation_id)
    await parties.set_standing(
        REGISTRAR,
        organisation_id,
        standing,
        "登记管理机关公告",
        seen_version=organisation.version,
    )


ROLES = (
    Role.OFFICER,
    Role.SECTION_HEAD,
    Role.FIN_OFFICER,
    Role.CASHIER,
    Role.FIN_HEAD,
    Role.DEPUTY_LEADER,
    Role.FIN_DEPUTY,
    Role.MAIN_LEADER,
    Role.AUDITOR,
)


async def bureau() -> World:
    """One person in each role, and the first policies."""
    world = World()
    for role in ROLES:
        world.people[role] = await add_actor(role, name=f"示例·{role.value}")
    await lay_first_policies(
        SYSTEM, PAYER, starts_on=date(2020, 1, 1), budget_approved_for=DAY.year + 1
    )
    return world


async def add_line(
    world: World,
    *,
    quota_fen: int,
    year: int = 2026,
    programme: int | None = None,
    fund: int | None = None,
    plan: bool = True,
    code: str | None = None,
) -> int:
    """A line with quota received and, by default, all of it planned for January."""
    number = code or f"L{year}-{programme or world.programme}-{fund or world.fund}"
    line = await budget.open_line(
        world[Role.OFFICER],
        code=number,
        programme_id=programme or world.programme,
        fund_source_id=fund or world.fund,
        fiscal_year=year,
        func_code="2080208",
        gov_eco_code="50205",
        dept_eco_code="30227",
    )
    if quota_fen:
        movement = await budget.propose_quota(
            world[Role.OFFICER],
            kind=QuotaKind.INITIAL,
            line_id=line,
            amount_fen=Fen(quota_fen),
            document_no="太财预〔2026〕1号",
            issued_on=date(year, 1, 10),
        )
        await budget.approve_quota(world[Role.FIN_HEAD], movement, on=date(year, 1, 12))
    if plan:
        plan_id = await budget.propose_cash_plan(world[Role.OFFICER], line, [quota_fen, *[0] * 11])
        await budget.decide_cash_plan(world[Role.FIN_HEAD], plan_id, "approve", on=DAY)
    return line


async def furnished(*, quota_fen: int = 1_000_000 * YUAN) -> World:
    """A bureau with one programme, one line of quota, one payee with a verified account."""
    world = await bureau()
    officer = world[Role.OFFICER]
    world.programme = await budget.add_programme(
        officer, "NH", "邻里家园", "Neighbourhood Home", "SERVICE_CONTRACT", "CIVIL_AFFAIRS"
    )
    world.fund = await budget.add_fund_source(officer, "G", "一般公共预算", "General", "GENERAL")
    world.line = await add_line(world, quota_fen=quota_fen)
    name = "示例晨曦社会工作服务中心"
    world.organisation = await add_organisation(name)
    world.account = await add_account(world, world.organisation, name)
    return world


async def draft_award(
    world: World, *parts_fen: int, line: int | None = None, title: str = "邻里家园·弇山社区"
) -> int:
    """A draft award of one line, one instalment for each of `parts_fen`."""
    line_id = line or world.line
    return await awards.create_award(
        world[Role.OFFICER],
        AwardPlan(
            programme_id=world.programme,
            title=title,
            purpose="驻点社会工作服务",
            amount_fen=Fen(sum(parts_fen)),
            shares=[SharePlan(line_id, 2026, Fen(sum(parts_fen)))],
            instalments=[
                InstalmentPlan(line_id, Fen(part), date(2026, 6, 1), "合同签订")
                for part in parts_fen
            ],
            organisation_id=world.organisation,
            minutes_no="局长办公会〔2026〕3号",
        ),
        today=DAY,
    )


async def active_award(world: World, *parts_fen: int, title: str = "邻里家园·弇山社区") -> int:
    """An approved award whose instalments' conditions are met."""
    award_id = await draft_award(world, *parts_fen, title=title)
    await awards.approve_award(world[Role.SECTION_HEAD], award_id, seen_version=1, today=DAY)
    for instalment in await instalments(award_id):
        await award_parts.confirm_condition(
            world[Role.OFFICER], instalment, on=date(2026, 6, 10), evidence="合同已签"
        )
    return award_id


async def instalments(award_id: int) -> list[int]:
    """Ids of an award's instalments in order."""
    from grants.awards import queries

    return [i.id for i in await queries.instalments(award_id)]


def details(world: World, **changes: object) -> RequestDetails:
    """What the officer states, with an invoice that covers a million."""
    given: dict[str, object] = {
        "bank_account_id": world.account,
        "purpose": "服务费",
        "invoice_no": None,
        "invoice_amount_fen": Fen(1_000_000 * YUAN),
    }
    return RequestDetails(**{**given, **changes})  # type: ignore[arg-type]


async def submitted(world: World, instalment_id: int) -> int:
    """A request with an invoice of its own, in its chain of approvals."""
    payment_id = await payments.draft_payment(
        world[Role.OFFICER],
        instalment_id,
        details(world, invoice_no=f"{next(_invoice):020d}"),
        today=DAY,
    )
    await payments.submit_payment(world[Role.OFFICER], payment_id, seen_version=1, today=DAY)
    return payment_id


async def approve_through(
    world: World, payment_id: int, *, stop_before: Role | None = None
) -> None:
    """Every approval of the chain, by the person of each role."""
    while True:
        payment = await payment_queries.payment(SYSTEM, payment_id)
        role = payment.step_role
        if payment.state != "SUBMITTED" or role is None or role == stop_before:
            return
        await approvals.approve_payment(
            world[role], payment_id, seen_version=payment.version, today=DAY
        )


async def approved(world: World, instalment_id: int) -> int:
    """A payment that is approved and waits for a batch."""
    payment_id = await submitted(world, instalment_id)
    await approve_through(world, payment_id)
    return payment_id


async def bucket(line_id: int, name: str) -> int:
    """One bucket of a line, in fen."""
    return int(await db.value(f"SELECT {name}_fen FROM line_balance WHERE id = $1", line_id))


_KEPT = {
    "person": " WHERE id <> 1",
    "app_user": " WHERE id <> 1",
    "row_history": " WHERE row_id <> 1 OR table_name NOT IN ('person', 'app_user')",
}


async def empty_tables() -> None:
    """Delete all but the system's own person and account.

    Deleting is quicker than TRUNCATE for small tables; triggers are off meanwhile,
    because history and ledger refuse to be deleted.
    """
    async with db.ENGINE.transaction():
        tables = await db.rows(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' "
            "AND tablename <> 'migration' ORDER BY tablename"
        )
        await db.execute("SET LOCAL session_replication_role = replica")
        for name in (r["tablename"] for r in tables):
            kept = _KEPT.get(name, "")
            await db.execute(f'DELETE FROM "{name}"{kept}')
