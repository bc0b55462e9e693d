"""What codi must not forget: trust documents, marks, the clock, grants; and the evidence of what it refused.

It lies in a database of its own, because the cache may be cleared, moved aside and rebuilt at any time, and this may not:
whoever could make codi forget could bring back old releases and revoked keys. Damage is therefore an error, never a
fresh start. It is opened when a library of a server is concerned, never for bundled ones.
"""
