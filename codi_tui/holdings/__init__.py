"""What a library server holds: releases, blobs, tokens, its trust documents. Its door and the operator's tools share it."""
