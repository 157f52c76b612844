"""The demonstration year: fictional people and agencies, 40,000,000.00 yuan to the fen."""
