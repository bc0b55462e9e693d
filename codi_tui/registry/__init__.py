"""`codi-registry`: for the authors of libraries."""
