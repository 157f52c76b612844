"""People: natural persons, their accounts, roles, delegations, sign-in and sessions."""
