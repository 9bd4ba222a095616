"""Pulling, importing and rolling up TWAP orders."""
