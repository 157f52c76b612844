"""Tables of people. Secrets are hashed or encrypted; nothing here is readable by itself."""

from __future__ import annotations

from piccolo.constraints import Check, Unique
from piccolo.table import Table

from grants.platform import columns as c


class Person(Table, tablename="person"):
    """A natural person. Two accounts of one person are one person for every separation rule."""

    id = c.key()
    name = c.text()
    id_number = c.maybe_secret()
    id_number_index = c.maybe_secret(unique=True)
    id_number_last4 = c.maybe_text()
    phone = c.maybe_secret()
    phone_index = c.maybe_secret(index=True)
    phone_masked = c.maybe_text()
    is_demo = c.flag()


class User(Table, tablename="app_user"):
    """An account. `organisation_id` is null for the bureau; `language` is that of its mails."""

    id = c.key()
    username = c.text(unique=True)
    person = c.refers_to(Person)
    organisation_id = c.maybe_number()
    password_hash = c.maybe_text()
    totp_secret = c.maybe_secret()
    totp_enrolled_at = c.maybe_moment()
    totp_last_step = c.maybe_number()
    failed_attempts = c.number(default=0)
    locked_until = c.maybe_moment()
    password_changed_at = c.maybe_moment()
    is_active = c.flag(default=True)
    language = c.text(default="zh")
    email = c.text(default="")
    wants_mail = c.flag(default=True)
    app_user_language = Check("language IN ('zh', 'en')")


class RoleGrant(Table, tablename="role_grant"):
    """A role that an account holds, from one day to the day before another."""

    id = c.key()
    user = c.refers_to(User)
    role = c.text()
    starts_on = c.day()
    ends_on = c.maybe_day()
    granted_by = c.id_elsewhere()
    role_grant_dates = Check("ends_on IS NULL OR ends_on > starts_on")


class Delegation(Table, tablename="delegation"):
    """A role lent to another account for a time; every act under it records its id."""

    id = c.key()
    role = c.text()
    from_user = c.refers_to(User)
    to_user = c.refers_to(User)
    starts_on = c.day()
    ends_on = c.day()
    reason = c.text()
    revoked_at = c.maybe_moment()
    delegation_dates = Check("ends_on > starts_on")
    delegation_to_another = Check("from_user <> to_user")


class SignIn(Table, tablename="sign_in"):
    """A session: only the SHA-256 of its token is kept."""

    id = c.key()
    token_hash = c.secret()
    user = c.refers_to(User)
    started_at = c.moment()
    seen_at = c.moment()
    ended_at = c.maybe_moment()
    second_factor_at = c.maybe_moment()
    address = c.text(default="")
    browser = c.text(default="")
    sign_in_token = Unique(["token_hash"])


class RecoveryCode(Table, tablename="recovery_code"):
    """A one-time code that stands in for a lost second factor."""

    id = c.key()
    user = c.refers_to(User)
    code_hash = c.secret()
    used_at = c.maybe_moment()
    recovery_code_once = Unique(["user", "code_hash"])


class PastPassword(Table, tablename="past_password"):
    """Hashes of earlier passwords, so that the last five are not used again."""

    id = c.key()
    user = c.refers_to(User)
    password_hash = c.text()
    set_at = c.moment()
