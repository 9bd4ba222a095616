"""The made-up wallets: what they trade, when, at which prices."""
