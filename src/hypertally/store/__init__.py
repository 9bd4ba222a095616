"""The databases: connections and roles, statements, migrations, files of the archive."""
