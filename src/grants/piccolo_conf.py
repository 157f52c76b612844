"""Where Piccolo looks first: the engine and the one app."""

from piccolo.conf.apps import AppRegistry

from grants.platform.db import ENGINE

DB = ENGINE
APP_REGISTRY = AppRegistry(apps=["grants.piccolo_app"])
