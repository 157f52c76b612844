"""Who keeps accounts, who grants roles, and an account with a password."""

from __future__ import annotations

import pytest

from grants.kernel.identity import Actor, Role
from grants.people import actions, signing_in
from grants.settings import settings
from tests.people.office import (
    PASSWORD,
)
from tests.world import (
    add_actor,
)


@pytest.fixture
async def admin(empty: None) -> Actor:
    """Who keeps the accounts."""
    return await add_actor(Role.SYS_ADMIN, name="示例·系统管理员")


@pytest.fixture
async def security(empty: None) -> Actor:
    """Who grants roles."""
    return await add_actor(Role.SEC_ADMIN, name="示例·安全管理员")


@pytest.fixture
async def zhang(admin: Actor) -> Actor:
    """An account with a password and no role."""
    person = await actions.add_person(admin, "示例·张三")
    user = await actions.add_account(admin, "zhang", person, PASSWORD, organisation_id=None)
    return Actor(user, person, "示例·张三", frozenset())


@pytest.fixture
def strict(monkeypatch: pytest.MonkeyPatch) -> None:
    """Second factors are switched on."""
    changed = settings.model_copy(update={"second_factor": True})
    monkeypatch.setattr(signing_in, "settings", changed)
