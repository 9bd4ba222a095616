"""Alerts: conditions, states, messages and delivery."""
