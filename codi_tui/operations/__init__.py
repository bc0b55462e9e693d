"""What the front doors share: no terminal, no widgets."""
