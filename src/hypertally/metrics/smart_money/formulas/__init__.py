"""The formulas of smart money: pure functions that know no database."""
