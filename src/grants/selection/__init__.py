"""Selection: experts, panels drawn from them, scores, ranks, the funding line, decisions."""
