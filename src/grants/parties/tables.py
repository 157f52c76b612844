"""Tables of organisations and bank accounts."""

from __future__ import annotations

from piccolo.constraints import Check, Unique
from piccolo.table import Table

from grants.people.tables import Person
from grants.platform import columns as c


class Organisation(Table, tablename="organisation"):
    """A body that may be paid. `uscc` is null only for imported foreign or past payees."""

    id = c.key()
    name = c.text(index=True)
    uscc = c.maybe_text(unique=True)
    external_id = c.maybe_text(unique=True)
    kind = c.text()
    town = c.maybe_text()
    registered_on = c.maybe_day()
    grade = c.maybe_text()
    grade_expires_on = c.maybe_day()
    inspection_year = c.maybe_number()
    inspection_result = c.maybe_text()
    standing = c.text(default="GOOD")
    standing_note = c.text(default="")
    representative = c.may_refer_to(Person)
    phone = c.maybe_secret()
    phone_index = c.maybe_secret(index=True)
    phone_masked = c.maybe_text()
    version = c.number(default=1)
    is_demo = c.flag()
    organisation_kind = Check(
        "kind IN ('ASSOCIATION', 'PRIVATE_NON_ENTERPRISE', 'FOUNDATION', 'COMPANY', "
        "'INSTITUTION', 'GOVERNMENT', 'COMMITTEE', 'COLLECTIVE', 'OTHER')"
    )
    organisation_grade = Check("grade IS NULL OR grade IN ('1A', '2A', '3A', '4A', '5A')")
    organisation_inspection = Check(
        "inspection_result IS NULL OR inspection_result IN ('PASSED', 'BASIC', 'FAILED')"
    )
    organisation_standing = Check("standing IN ('GOOD', 'ABNORMAL', 'ILLEGAL', 'CLOSED')")
    organisation_identified = Check("uscc IS NOT NULL OR external_id IS NOT NULL")
    organisation_uscc_form = Check("uscc ~ '^[0-9A-HJ-NPQRTUWXY]{18}$'")


class BankAccount(Table, tablename="bank_account"):
    """Where a payee is paid: entered by one person, verified by another."""

    id = c.key()
    organisation = c.may_refer_to(Organisation)
    person = c.may_refer_to(Person)
    holder_name = c.text()
    number = c.secret()
    number_index = c.secret()
    number_last4 = c.text()
    bank_name = c.text()
    cnaps = c.maybe_text()
    state = c.text()
    entered_by_person = c.id_elsewhere()
    verified_by_person = c.maybe_number()
    verified_at = c.maybe_moment()
    evidence = c.text(default="")
    bank_account_one_holder = Check("(organisation IS NULL) <> (person IS NULL)")
    bank_account_state = Check("state IN ('ENTERED', 'VERIFIED', 'REFUSED', 'RETIRED')")
    bank_account_two_people = Check(
        "verified_by_person IS NULL OR verified_by_person <> entered_by_person"
    )
    bank_account_verified_by_somebody = Check(
        "state <> 'VERIFIED' OR verified_by_person IS NOT NULL"
    )


class DuplicateFlag(Table, tablename="duplicate_flag"):
    """Two records that look like one, with the reason, until somebody decides."""

    id = c.key()
    subject_kind = c.text()
    first_id = c.id_elsewhere()
    second_id = c.id_elsewhere()
    reason = c.text()
    state = c.text(default="OPEN")
    decided_by = c.maybe_number()
    decided_at = c.maybe_moment()
    decision_note = c.text(default="")
    duplicate_flag_kind = Check("subject_kind IN ('organisation', 'person', 'bank_account')")
    duplicate_flag_order = Check("first_id < second_id")
    duplicate_flag_state = Check("state IN ('OPEN', 'DIFFERENT', 'SAME')")
    duplicate_flag_once = Unique(["subject_kind", "first_id", "second_id", "reason"])
