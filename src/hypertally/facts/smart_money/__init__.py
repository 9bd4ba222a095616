"""Smart money: the leaderboard and the positions of watched wallets."""
