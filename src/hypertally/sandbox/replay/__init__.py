"""Recorded answers, served again."""
