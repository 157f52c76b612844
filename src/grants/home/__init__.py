"""Home: what waits for each person, oldest clock first."""
