"""Parameters, rows, pages and JSON that the resources share."""
