"""Smart money: pure functions from moves of wallets to scores, playbooks and health."""
