"""Agreements: what a decided project and the office sign, and what then becomes an award."""
