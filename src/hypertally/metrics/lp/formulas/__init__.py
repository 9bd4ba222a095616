"""The formulas of the LP monitor: pure functions that know no database and no network."""
