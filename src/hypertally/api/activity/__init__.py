"""Wallets, days, fills and rankings."""
