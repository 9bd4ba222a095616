"""The ledger of one position: events, lines, sums, and the result in USD."""
