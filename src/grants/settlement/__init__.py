"""The settlement of a project: what it actually gets, the last part, what comes back."""
