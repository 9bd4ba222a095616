"""The market: candles, mids, spot pairs, perp dexes, token prices."""
