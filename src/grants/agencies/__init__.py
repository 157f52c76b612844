"""Agencies that register themselves, and the colleagues who work in their name."""
