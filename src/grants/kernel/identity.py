"""Who acts: roles, permissions, the one table between them, and the actor of a request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from grants.kernel.errors import N_, NotAllowed


class Role(StrEnum):
    """Roles of the office and of those who look on (domain §1.8)."""

    APPLICANT_ORG = "APPLICANT_ORG"
    TOWN_REVIEWER = "TOWN_REVIEWER"
    OFFICER = "OFFICER"
    SECTION_HEAD = "SECTION_HEAD"
    FIN_OFFICER = "FIN_OFFICER"
    CASHIER = "CASHIER"
    FIN_HEAD = "FIN_HEAD"
    DEPUTY_LEADER = "DEPUTY_LEADER"
    FIN_DEPUTY = "FIN_DEPUTY"
    MAIN_LEADER = "MAIN_LEADER"
    DISCIPLINE = "DISCIPLINE"
    EXPERT = "EXPERT"
    EVALUATOR = "EVALUATOR"
    AUDITOR = "AUDITOR"
    SYS_ADMIN = "SYS_ADMIN"
    SEC_ADMIN = "SEC_ADMIN"
    AUDIT_ADMIN = "AUDIT_ADMIN"


ROLE_TITLES: Mapping[Role, str] = {
    Role.APPLICANT_ORG: N_("Agency"),
    Role.TOWN_REVIEWER: N_("Town reviewer"),
    Role.OFFICER: N_("Case officer"),
    Role.SECTION_HEAD: N_("Section head"),
    Role.FIN_OFFICER: N_("Finance reviewer"),
    Role.CASHIER: N_("Cashier"),
    Role.FIN_HEAD: N_("Head of finance"),
    Role.DEPUTY_LEADER: N_("Deputy leader"),
    Role.FIN_DEPUTY: N_("Deputy leader for finance"),
    Role.MAIN_LEADER: N_("Main leader"),
    Role.DISCIPLINE: N_("Discipline inspection"),
    Role.EXPERT: N_("Expert"),
    Role.EVALUATOR: N_("Evaluator"),
    Role.AUDITOR: N_("Auditor"),
    Role.SYS_ADMIN: N_("System administrator"),
    Role.SEC_ADMIN: N_("Security administrator"),
    Role.AUDIT_ADMIN: N_("Audit administrator"),
}

#: The three administrators never approve business (三员分立, GB/T 22239—2019 [K]).
ADMINISTRATORS = frozenset({Role.SYS_ADMIN, Role.SEC_ADMIN, Role.AUDIT_ADMIN})


class Permission(StrEnum):
    """What a route or a step may ask for. Each handler names exactly one."""

    PUBLIC = "public"
    SIGNED_IN = "signed_in"

    PEOPLE_SEE = "people.see"
    PEOPLE_EDIT = "people.edit"
    ROLE_GRANT = "role.grant"
    OUTBOX_SEE = "outbox.see"
    OUTBOX_SEND = "outbox.send"
    PERSON_SEE = "person.see"
    PERSON_EDIT = "person.edit"
    PERSON_UNMASK = "person.unmask"
    ORGANISATION_SEE = "organisation.see"
    ORGANISATION_EDIT = "organisation.edit"
    COLLEAGUE_EDIT = "colleague.edit"
    ACCOUNT_ENTER = "account.enter"
    ACCOUNT_VERIFY = "account.verify"
    BUDGET_SEE = "budget.see"
    BUDGET_PROPOSE = "budget.propose"
    BUDGET_APPROVE = "budget.approve"
    POLICY_SEE = "policy.see"
    POLICY_EDIT = "policy.edit"
    POLICY_APPROVE = "policy.approve"
    AWARD_SEE = "award.see"
    AWARD_CREATE = "award.create"
    AWARD_APPROVE = "award.approve"
    AWARD_IMPORT = "award.import"
    NEED_SEE = "need.see"
    NEED_ENTER = "need.enter"
    NEED_DECIDE = "need.decide"
    CALL_SEE = "call.see"
    CALL_EDIT = "call.edit"
    CALL_APPROVE = "call.approve"
    APPLICATION_SEE = "application.see"
    APPLICATION_EDIT = "application.edit"
    APPLICATION_SCREEN = "application.screen"
    PANEL_SEE = "panel.see"
    PANEL_EDIT = "panel.edit"
    REVIEW_SCORE = "review.score"
    NOTICE_SEE = "notice.see"
    NOTICE_EDIT = "notice.edit"
    NOTICE_PUBLISH = "notice.publish"
    OBJECTION_JUDGE = "objection.judge"
    AGREEMENT_SEE = "agreement.see"
    AGREEMENT_EDIT = "agreement.edit"
    PROJECT_SEE = "project.see"
    PROJECT_REPORT = "project.report"
    PROJECT_JUDGE = "project.judge"
    PROJECT_DECIDE = "project.decide"
    EVALUATION_SEE = "evaluation.see"
    EVALUATION_ASSIGN = "evaluation.assign"
    EVALUATE = "evaluate"
    PAYMENT_SEE = "payment.see"
    PAYMENT_REQUEST = "payment.request"
    PAYMENT_APPROVE = "payment.approve"
    GATE_WAIVE = "gate.waive"
    BATCH_SEE = "batch.see"
    BATCH_MAKE = "batch.make"
    BATCH_SEND = "batch.send"
    RESULT_IMPORT = "result.import"
    REFUND_RECORD = "refund.record"
    REFUND_APPROVE = "refund.approve"
    MONTH_CLOSE = "month.close"
    OVERVIEW_SEE = "overview.see"
    AUDIT_SEE = "audit.see"


P = Permission

_LOOK = frozenset(
    {
        P.ORGANISATION_SEE,
        P.PERSON_SEE,
        P.BUDGET_SEE,
        P.AWARD_SEE,
        P.PAYMENT_SEE,
        P.BATCH_SEE,
        P.OVERVIEW_SEE,
        P.POLICY_SEE,
        P.NEED_SEE,
        P.CALL_SEE,
        P.APPLICATION_SEE,
        P.PANEL_SEE,
        P.NOTICE_SEE,
        P.AGREEMENT_SEE,
        P.PROJECT_SEE,
        P.EVALUATION_SEE,
    }
)
_LEAD = _LOOK | {
    P.PAYMENT_APPROVE,
    P.AWARD_APPROVE,
    P.BUDGET_APPROVE,
    P.CALL_APPROVE,
    P.NOTICE_PUBLISH,
    P.OBJECTION_JUDGE,
    P.PROJECT_DECIDE,
}

#: The one permission table. Agencies see only their own: row scope lives in queries.
GRANTED: Mapping[Role, frozenset[Permission]] = {
    Role.APPLICANT_ORG: frozenset(
        {
            P.ORGANISATION_SEE,
            P.AWARD_SEE,
            P.PAYMENT_SEE,
            P.NEED_SEE,
            P.NEED_ENTER,
            P.APPLICATION_SEE,
            P.APPLICATION_EDIT,
            P.AGREEMENT_SEE,
            P.PROJECT_SEE,
            P.PROJECT_REPORT,
            P.EVALUATION_SEE,
            P.COLLEAGUE_EDIT,
        }
    ),
    Role.TOWN_REVIEWER: frozenset(
        {
            P.ORGANISATION_SEE,
            P.AWARD_SEE,
            P.NEED_SEE,
            P.NEED_ENTER,
            P.CALL_SEE,
            P.APPLICATION_SEE,
        }
    ),
    Role.OFFICER: _LOOK
    | {
        P.AWARD_CREATE,
        P.AWARD_IMPORT,
        P.PAYMENT_REQUEST,
        P.ORGANISATION_EDIT,
        P.PERSON_EDIT,
        P.ACCOUNT_ENTER,
        P.BUDGET_PROPOSE,
        P.NEED_ENTER,
        P.NEED_DECIDE,
        P.CALL_EDIT,
        P.APPLICATION_SCREEN,
        P.PANEL_EDIT,
        P.NOTICE_EDIT,
        P.AGREEMENT_EDIT,
        P.PROJECT_JUDGE,
        P.EVALUATION_ASSIGN,
    },
    Role.SECTION_HEAD: _LOOK
    | {
        P.PAYMENT_APPROVE,
        P.AWARD_APPROVE,
        P.POLICY_EDIT,
        P.CALL_APPROVE,
        P.NOTICE_PUBLISH,
        P.OBJECTION_JUDGE,
        P.PROJECT_DECIDE,
    },
    Role.FIN_OFFICER: _LOOK
    | {
        P.PAYMENT_APPROVE,
        P.ACCOUNT_VERIFY,
        P.BUDGET_PROPOSE,
        P.BATCH_MAKE,
        P.REFUND_RECORD,
        P.RESULT_IMPORT,
        P.PERSON_UNMASK,
        P.POLICY_EDIT,
    },
    Role.CASHIER: _LOOK | {P.BATCH_SEND, P.RESULT_IMPORT},
    Role.FIN_HEAD: _LOOK
    | {
        P.BUDGET_APPROVE,
        P.MONTH_CLOSE,
        P.REFUND_APPROVE,
        P.GATE_WAIVE,
        P.ACCOUNT_VERIFY,
        P.POLICY_EDIT,
        P.AUDIT_SEE,
    },
    Role.DEPUTY_LEADER: _LEAD,
    Role.FIN_DEPUTY: _LEAD | {P.GATE_WAIVE, P.AUDIT_SEE, P.POLICY_APPROVE},
    Role.MAIN_LEADER: _LEAD | {P.AUDIT_SEE, P.POLICY_APPROVE},
    Role.DISCIPLINE: _LOOK | {P.AUDIT_SEE, P.PEOPLE_SEE},
    Role.EXPERT: frozenset({P.REVIEW_SCORE}),
    Role.EVALUATOR: frozenset({P.EVALUATION_SEE, P.EVALUATE}),
    Role.AUDITOR: _LOOK | {P.AUDIT_SEE, P.PEOPLE_SEE, P.PERSON_UNMASK},
    Role.SYS_ADMIN: frozenset({P.PEOPLE_SEE, P.PEOPLE_EDIT, P.OUTBOX_SEE, P.OUTBOX_SEND}),
    Role.SEC_ADMIN: frozenset({P.PEOPLE_SEE, P.ROLE_GRANT, P.POLICY_SEE}),
    Role.AUDIT_ADMIN: frozenset({P.PEOPLE_SEE, P.AUDIT_SEE}),
}

#: Roles that move money or grant power need a second factor (GB/T 22239—2019 level 3 [K]).
NEEDS_SECOND_FACTOR = frozenset(
    role
    for role, granted in GRANTED.items()
    if granted
    & {
        P.PAYMENT_REQUEST,
        P.PAYMENT_APPROVE,
        P.BATCH_MAKE,
        P.BATCH_SEND,
        P.BUDGET_APPROVE,
        P.ACCOUNT_VERIFY,
        P.ROLE_GRANT,
        P.PEOPLE_EDIT,
        P.POLICY_APPROVE,
    }
)


@dataclass(frozen=True)
class Actor:
    """The person behind a request, as of its start.

    `person_id` is the natural person: separation rules compare it, never `user_id`.
    `organisation_id` is None for the bureau. `delegations` maps each role held only
    by delegation to the delegation's id, which every act under it records. `as_of` names
    the database's snapshot in which all this was read.
    """

    user_id: int
    person_id: int
    name: str
    roles: frozenset[Role]
    organisation_id: int | None = None
    delegations: Mapping[Role, int] = field(default_factory=dict)
    session_id: int | None = None
    request_id: str = ""
    as_of: str = ""
    permissions: frozenset[Permission] = field(init=False)

    def __post_init__(self) -> None:
        granted = frozenset[Permission]().union(*(GRANTED[role] for role in self.roles))
        object.__setattr__(self, "permissions", granted | {P.PUBLIC, P.SIGNED_IN})

    def may(self, permission: Permission) -> bool:
        """Whether one of the roles grants `permission`."""
        return permission in self.permissions

    def need(self, *any_of: Permission) -> None:
        """Go on with one of these permissions; raises NotAllowed."""
        if self.permissions.isdisjoint(any_of):
            raise NotAllowed("not_permitted", N_("Your roles do not include this step."))

    def need_agency(self, permission: Permission) -> int:
        """The organisation for which the person acts; raises NotAllowed, for the bureau too."""
        self.need(permission)
        if self.organisation_id is None:
            raise NotAllowed("not_permitted", N_("Your roles do not include this step."))
        return self.organisation_id


#: Scheduled work acts in this name: user and person 1, created by the first migration.
SYSTEM = Actor(user_id=1, person_id=1, name="system", roles=frozenset())
