"""Who may see what: orgs, the wallets they track and since when, users and their roles."""
