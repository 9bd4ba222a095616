"""hypertally keeps the books of Hyperliquid wallets."""
