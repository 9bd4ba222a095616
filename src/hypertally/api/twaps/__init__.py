"""TWAP orders."""
