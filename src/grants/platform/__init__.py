"""The only plumbing: database, access, audit, pages, documents, sheets, jobs."""
