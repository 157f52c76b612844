"""Parties: organisations, their bank accounts, and likely duplicates."""
