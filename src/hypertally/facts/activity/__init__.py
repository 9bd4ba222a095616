"""Fills: what wallets traded."""
