"""What must always hold of the money and of those who move it: `grants verify`.

A query answers the rows that break the invariant, named by `what`; no row means it holds. They
read the tables of every feature on purpose: the witness that no feature lied to another.
"""
