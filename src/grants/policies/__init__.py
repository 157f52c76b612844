"""Rules and figures by date: the office changes them, proposed by one, decided by another."""
