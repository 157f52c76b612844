"""How fast it is: `python -m tests.bench`.

Everything is measured in one run, on one machine, against yardsticks built in the same
stack, in rounds that take turns, so that a busy moment strikes both sides. What counts is
the ratio; the figures themselves belong to the machine. No test depends on any of this.
"""
