"""Where libraries come from: directories and library servers. Bytes in, bounded; nothing here is believed."""
