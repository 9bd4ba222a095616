"""Wallet days, global days and the gaps in the record."""
