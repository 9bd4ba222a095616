"""Commands for orgs, their users, and the tokens of these."""
