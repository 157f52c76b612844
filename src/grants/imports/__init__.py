"""Imports: lists of past and present awards, looked at first and then taken in as a whole."""
