"""Pulling fills and rolling them up into days."""
