"""The table of registrations."""

from __future__ import annotations

from piccolo.constraints import Check
from piccolo.table import Table

from grants.parties.tables import Organisation
from grants.people.tables import User
from grants.platform import columns as c


class Registration(Table, tablename="registration"):
    """Somebody who says to act for an organisation, until somebody who knows confirms it.

    A new organisation is usable at once; one that is on record lets nobody in unconfirmed.
    """

    id = c.key()
    organisation = c.refers_to(Organisation)
    user = c.refers_to(User, unique=True)
    is_representative = c.flag()
    new_organisation = c.flag()
    state = c.text()
    address = c.text(default="")
    registered_at = c.moment()
    decided_by_person = c.maybe_number()
    decided_at = c.maybe_moment()
    note = c.text(default="")
    registration_state = Check("state IN ('PENDING', 'CONFIRMED', 'REFUSED')")
    registration_decided = Check("(state = 'PENDING') = (decided_at IS NULL)")
