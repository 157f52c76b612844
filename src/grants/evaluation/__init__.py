"""Mid-term and final evaluation of projects by independent evaluators; the grade opens money."""
