"""Awards: the funded thing, its shares over lines and years, and its instalments."""
