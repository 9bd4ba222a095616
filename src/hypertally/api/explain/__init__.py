"""Explanations: one service that the API's paths and the command line call."""
