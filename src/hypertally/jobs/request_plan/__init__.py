"""The forecast of the request weight that wallets cost, by purpose."""
