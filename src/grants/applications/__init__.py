"""Applications to a call: drafted in sections, submitted, screened, followed to their end."""
