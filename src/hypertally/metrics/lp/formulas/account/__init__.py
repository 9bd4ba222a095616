"""An account over all its positions: deltas, hedge, rates a year, value."""
