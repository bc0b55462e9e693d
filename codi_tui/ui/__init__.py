"""`codi ui`: the workspace. The only package that imports textual or rich."""
