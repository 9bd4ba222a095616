"""Read-only HTTP: identity, row security and finished bytes over what the metrics computed."""
