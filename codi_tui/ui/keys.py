"""The keys, as the workspace's help lists them: at most 74 characters a line, so that 80 columns hold them."""

KEYS = """Anywhere
  ctrl+p, :    the palette: any command by a few letters
  1 2 3 4      libraries, form, output, cache (in a field: Esc first)
  z            the pane alone, and all of them again
  ctrl+c       cancel the run that is shown, or close what is open
  ctrl+z       back to the shell for a while (fg returns)
  q, ctrl+q    quit; it asks before runs are stopped

Libraries
  /            filter          Enter   open a command, fold a library
  left right   fold, unfold

Form
  Tab          next field      space left right   change a choice
  Enter, F5    run             ctrl+y             copy the line
  stdin        a text, or @FILE; @@ for a text that starts with @

Output
  Esc          leave a search, then cancel, then back
  [ ]          other runs      f   follow         / n N   search
  y            copy the line   s   save           w       wrap

Cache
  v V          verify one, all                    e       evict
"""
