"""The services that need nothing but Python: PostgreSQL, Valkey and our own processes under one supervisor."""
