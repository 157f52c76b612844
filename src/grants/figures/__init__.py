"""Bodies of figures, such as a policy or the terms of a call: entered, read and compared."""
