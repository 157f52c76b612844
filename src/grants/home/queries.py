"""What waits for a person besides approvals: counted and linked, in one read."""

from __future__ import annotations

from dataclasses import dataclass

from grants.kernel.errors import N_
from grants.kernel.identity import Actor
from grants.kernel.identity import Permission as P
from grants.platform import db


@dataclass(frozen=True)
class Waiting:
    """A pile of work: what it is, how many, and where it lies."""

    title: str
    count: int
    href: str


@dataclass(frozen=True)
class _Pile:
    """Whose pile, and the query that counts it; `me` is who asks.

    The queries read the tables of every feature on purpose: the worklist is asked for more
    often than anything else, and one read for each pile would be most of what it costs.
    """

    permission: P
    title: str
    href: str
    count: str


_UNREAD = _Pile(
    P.SIGNED_IN,
    N_("Unread messages"),
    "/me",
    "SELECT count(*) FROM inbox_message WHERE user_id = me.user_id AND read_at IS NULL",
)

_PILES = (
    _Pile(
        P.AWARD_APPROVE,
        N_("Awards to approve"),
        "/awards?state=DRAFT",
        "SELECT count(*) FROM award WHERE state = 'DRAFT'",
    ),
    _Pile(
        P.AWARD_APPROVE,
        N_("Changes and claims to decide"),
        "/clawbacks",
        "SELECT (SELECT count(*) FROM award_change WHERE state = 'PROPOSED')"
        " + (SELECT count(*) FROM clawback WHERE state = 'PROPOSED')",
    ),
    _Pile(
        P.BUDGET_APPROVE,
        N_("Budget documents to decide"),
        "/budget",
        "SELECT (SELECT count(*) FROM quota_movement WHERE state = 'PROPOSED')"
        " + (SELECT count(*) FROM cash_plan WHERE state = 'PROPOSED')",
    ),
    _Pile(
        P.POLICY_APPROVE,
        N_("Changes of rules to decide"),
        "/policies",
        "SELECT count(*) FROM policy_proposal"
        " WHERE state = 'PROPOSED' AND proposed_by_person <> me.person_id",
    ),
    _Pile(
        P.ACCOUNT_VERIFY,
        N_("Bank accounts to verify"),
        "/accounts",
        "SELECT count(*) FROM bank_account"
        " WHERE state = 'ENTERED' AND entered_by_person <> me.person_id",
    ),
    _Pile(
        P.BATCH_MAKE,
        N_("Payments that wait for a batch"),
        "/batches",
        "SELECT count(*) FROM payment WHERE state = 'APPROVED' AND batch_no IS NULL",
    ),
    _Pile(
        P.BATCH_SEND,
        N_("Batches to send to the bank"),
        "/batches",
        "SELECT count(*) FROM batch WHERE state = 'FROZEN'",
    ),
    _Pile(
        P.RESULT_IMPORT,
        N_("Batches without the bank's whole answer"),
        "/batches",
        "SELECT count(*) FROM batch WHERE state = 'SENT'",
    ),
    _Pile(
        P.REFUND_APPROVE,
        N_("Refunds to approve"),
        "/refunds",
        "SELECT count(*) FROM refund WHERE state = 'PROPOSED'",
    ),
    _Pile(
        P.ORGANISATION_EDIT,
        N_("Registrations to confirm"),
        "/registrations",
        "SELECT count(*) FROM registration WHERE state = 'PENDING'",
    ),
    _Pile(
        P.NEED_DECIDE,
        N_("Needs to look at"),
        "/needs?state=ENTERED",
        "SELECT count(*) FROM need WHERE state = 'ENTERED'",
    ),
    _Pile(
        P.CALL_EDIT,
        N_("Questions to answer"),
        "/rounds",
        "SELECT count(*) FROM call_question WHERE answer = ''",
    ),
    _Pile(
        P.CALL_APPROVE,
        N_("Terms of calls to approve"),
        "/rounds",
        "SELECT count(*) FROM call_revision"
        " WHERE state = 'PROPOSED' AND drafted_by_person <> me.person_id",
    ),
    _Pile(
        P.CALL_APPROVE,
        N_("Funding decisions to adopt"),
        "/rounds",
        "SELECT count(*) FROM funding_decision"
        " WHERE state = 'PROPOSED' AND proposed_by_person <> me.person_id",
    ),
    _Pile(
        P.NOTICE_PUBLISH,
        N_("Notices to publish"),
        "/publicity",
        "SELECT count(*) FROM public_notice"
        " WHERE state = 'DRAFT' AND made_by_person <> me.person_id",
    ),
    _Pile(
        P.OBJECTION_JUDGE,
        N_("Objections to judge"),
        "/publicity",
        "SELECT count(*) FROM objection WHERE state = 'RECEIVED'",
    ),
    _Pile(
        P.AGREEMENT_EDIT,
        N_("Agreements to seal"),
        "/agreements?state=AGENCY_SIGNED",
        "SELECT count(*) FROM agreement WHERE state = 'AGENCY_SIGNED'",
    ),
    _Pile(
        P.AWARD_APPROVE,
        N_("Agreements to put into force"),
        "/agreements?state=SIGNED",
        "SELECT count(*) FROM agreement"
        " WHERE state = 'SIGNED' AND drawn_up_by_person <> me.person_id",
    ),
    _Pile(
        P.PROJECT_JUDGE,
        N_("Receipts and reports to look at"),
        "/projects?waiting=1",
        "SELECT (SELECT count(*) FROM spending WHERE state = 'ENTERED')"
        " + (SELECT count(*) FROM progress_report WHERE state = 'SUBMITTED')",
    ),
    _Pile(
        P.REVIEW_SCORE,
        N_("Panels that wait for your declaration"),
        "/reviews",
        "SELECT count(*) FROM panel_member m JOIN expert e ON e.id = m.expert"
        " JOIN panel p ON p.id = m.panel WHERE e.person = me.person_id AND m.state = 'DRAWN'"
        " AND p.state IN ('DECLARING', 'DOCUMENTS', 'DEFENCE')",
    ),
    _Pile(
        P.REVIEW_SCORE,
        N_("Projects to score"),
        "/reviews",
        "SELECT count(*) FROM score_sheet s JOIN panel_member m ON m.id = s.member"
        " JOIN expert e ON e.id = m.expert JOIN panel p ON p.id = s.panel"
        " WHERE e.person = me.person_id AND m.state = 'CONFIRMED' AND s.state = 'OPEN'"
        " AND (p.state = 'DOCUMENTS' AND m.documents_signed_at IS NULL AND NOT s.suggests"
        " OR p.state = 'DEFENCE' AND m.signed_at IS NULL AND s.defence IS NULL)",
    ),
    _Pile(
        P.EVALUATE,
        N_("Evaluations to fill in"),
        "/evaluations?state=ASSIGNED",
        "SELECT count(*) FROM evaluation"
        " WHERE state = 'ASSIGNED' AND evaluator_person = me.person_id",
    ),
    _Pile(
        P.PROJECT_DECIDE,
        N_("Evaluations to confirm"),
        "/evaluations?state=SIGNED",
        "SELECT count(*) FROM evaluation WHERE state = 'SIGNED'"
        " AND me.person_id NOT IN (evaluator_person, assigned_by_person)",
    ),
    _Pile(
        P.PAYMENT_REQUEST,
        N_("Payments the bank returned"),
        "/payments?state=BOUNCED",
        "SELECT count(*) FROM payment WHERE state = 'BOUNCED'",
    ),
    _Pile(
        P.PAYMENT_REQUEST,
        N_("Requests returned for correction"),
        "/payments?state=RETURNED",
        "SELECT count(*) FROM payment WHERE state = 'RETURNED'",
    ),
    _UNREAD,
)

#: What an agency has to do itself, so that the office goes on.
_PILES_OF_AGENCIES = (
    _Pile(
        P.APPLICATION_EDIT,
        N_("Applications to supply papers for"),
        "/applications?state=SUPPLEMENT",
        "SELECT count(*) FROM application"
        " WHERE state = 'SUPPLEMENT' AND organisation = me.organisation_id",
    ),
    _Pile(
        P.AGREEMENT_SEE,
        N_("Agreements to sign"),
        "/agreements?state=ISSUED",
        "SELECT count(*) FROM agreement"
        " WHERE state = 'ISSUED' AND organisation = me.organisation_id",
    ),
    _Pile(
        P.PROJECT_REPORT,
        N_("Reports to correct"),
        "/projects",
        "SELECT count(*) FROM progress_report r JOIN award a ON a.id = r.award"
        " WHERE r.state = 'RETURNED' AND a.organisation = me.organisation_id",
    ),
    _Pile(
        P.AWARD_SEE,
        N_("Claims to pay back"),
        "/awards",
        "SELECT count(*) FROM clawback c JOIN award a ON a.id = c.award"
        " WHERE c.state = 'OPEN' AND a.organisation = me.organisation_id",
    ),
    _UNREAD,
)


async def waiting_for(actor: Actor) -> list[Waiting]:
    """The piles of `actor` that are not empty."""
    known = _PILES if actor.organisation_id is None else _PILES_OF_AGENCIES
    piles = [pile for pile in known if actor.may(pile.permission)]
    counts = ", ".join(f"({pile.count})" for pile in piles)
    found = await db.value(
        f"SELECT ARRAY[{counts}] FROM (SELECT $1::bigint AS person_id, $2::bigint AS user_id,"
        " $3::bigint AS organisation_id) me",
        actor.person_id,
        actor.user_id,
        actor.organisation_id,
    )
    counted = zip(piles, found, strict=True)
    return [Waiting(pile.title, count, pile.href) for pile, count in counted if count]
