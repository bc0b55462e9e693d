"""`python -m codi_tui.server`: what `codi-registry serve` becomes."""

from codi_tui.server.main import main

raise SystemExit(main())
