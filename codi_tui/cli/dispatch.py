"""From a built-in's words to the function of its verb."""

from __future__ import annotations

from codi_tui.cli.exits import INTERRUPTED, OK
from codi_tui.cli.narration import report
from codi_tui.errors import CodiError
from codi_tui.manual.words import read_words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from codi_tui.manual.verb import Verb
    from codi_tui.manual.words import Words


def dispatch(built_in: Verb, words: Sequence[str], functions: Mapping[str, Callable[[Words], int]]) -> int:
    """Read the words and call what does the verb; returns the exit status.

    Args:
        functions: by the path of the verb: `session list`. They may find more problems, and then call `check`.
    """
    as_json = "--json" in words
    try:
        parsed = read_words(built_in, words)
        return functions[parsed.verb.path](parsed)
    except CodiError as error:
        return report(error, as_json=as_json)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        return OK  # whoever reads has had enough
