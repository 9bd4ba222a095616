"""Measured claims: each one runs our way and a rival's side by side, and prints both."""
