"""The library server: the HTTP door to what `codi_tui.holdings` keeps."""
