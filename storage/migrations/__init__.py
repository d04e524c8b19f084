"""Changes of stored documents that releases brought, one file each: see docs/operations/migrations.md."""
