"""Grant management for local government: from appropriation to bank receipt."""
