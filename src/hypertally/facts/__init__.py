"""Raw datasets, append-only: each decodes what the upstream said and inserts it."""
