"""The single Piccolo app: the tables of every feature, one numbered chain of migrations."""

from __future__ import annotations

from importlib import import_module

from piccolo.conf.apps import AppConfig, table_finder

from grants.settings import TOP

#: Features that own tables, lowest storey first.
FEATURES = (
    "platform",
    "people",
    "parties",
    "agencies",
    "budget",
    "publicity",
    "awards",
    "calls",
    "applications",
    "selection",
    "decisions",
    "agreements",
    "delivery",
    "evaluation",
    "settlement",
    "imports",
    "payments",
    "banking",
    "policies",
)

TABLE_MODULES = [f"grants.{name}.tables" for name in FEATURES]
for module in TABLE_MODULES:
    import_module(module)

APP_CONFIG = AppConfig(
    app_name="grants",
    migrations_folder_path=str(TOP / "migrations"),
    table_classes=table_finder(modules=TABLE_MODULES, exclude_imported=True),
    migration_dependencies=[],
    commands=[],
)
