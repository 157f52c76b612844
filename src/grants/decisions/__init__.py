"""The funding decision of a round: where the line falls, who is funded and who waits."""
