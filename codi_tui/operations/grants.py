"""Authorize: declared ∩ granted, asked once before the run, remembered by (origin, library, rule).

Every door that runs commands comes through here. A door asks a person through `Ask`; one that has none, such as a
script's or an agent's, can only be refused, and nothing that it reaches here grants anything.
"""

from __future__ import annotations

from codi_tui.errors import CacheError, GrantError, StateError, UsageError
from codi_tui.trust.policy import BUNDLED, Permissions, covering

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from codi_tui.model.manifest import HandlerDefinition, SubcommandDefinition
    from codi_tui.operations.core import Core
    from codi_tui.operations.question import Answer, Ask, Question
    from codi_tui.state.grants import GrantStore
    from codi_tui.trust import CommandLibrary
    from codi_tui.trust.changes import Change


class Review:
    """What stands between a command and its run.

    Attributes:
        permissions: what the run may do if nobody is asked.
        missing: the permissions that it needs, that are declared and not granted.
        changes: how the library differs from what was approved of it.
        decisive: whether the changes need a decision.
        old_version: the version that was approved, or "" at the first use.
    """

    __slots__ = ("_store", "_surface", "changes", "decisive", "library", "missing", "old_version", "permissions")

    def __init__(
        self, library: CommandLibrary, permissions: Permissions, missing: list[str], store: GrantStore | None
    ) -> None:
        self.library = library
        self.permissions = permissions
        self.missing = missing
        self.changes: list[Change] = []
        self.decisive = False
        self.old_version = ""
        self._store = store
        self._surface: str | None = None

    @property
    def settled(self) -> bool:
        """Whether there is nothing to ask."""
        return not self.missing and not self.decisive

    async def compare(self, approved_digest: str | None) -> None:
        """Find out how the library differs from what was approved; nothing is read or computed when it is the same."""
        if self._store is None or approved_digest == self.library.digest:
            return
        from codi_tui.trust.changes import changes, keeping_removed, read_surface, surface, surface_text

        stored = await self._store.approved_surface(self.library)
        new = surface(self.library.manifest)
        if stored is not None:
            old = read_surface(stored)
            self.changes = changes(old, new)
            self.decisive = any(change.widens for change in self.changes)
            self.old_version = str(old["version"])
            new = keeping_removed(old, new)
        self._surface = surface_text(new)

    def question(self) -> Question:
        """What is to be asked."""
        from codi_tui.operations.question import make_question

        return make_question(
            self.library, self.changes if self.decisive else [], self.missing, self.old_version or "what was approved"
        )

    async def remember(self, permissions: Sequence[str] = ()) -> None:
        """Remember grants, and the library as it is now as the approved one.

        Raises:
            StateError: it cannot be written.
        """
        if self._store is not None and (permissions or self._surface is not None):
            await self._store.decide(self.library, permissions, self._surface)


async def authorize(
    core: Core,
    library: CommandLibrary,
    definition: SubcommandDefinition,
    *,
    allow: Sequence[str] = (),
    ask: Ask | None = None,
    written: str | None = None,
    notice: Callable[[str], None] = lambda _: None,
) -> Permissions:
    """What a run of a command may do, after whatever has to be asked was answered.

    Args:
        core: the core.
        library: verified just now.
        definition: its command that is to be run.
        allow: permissions that the user gave for this one run.
        ask: asks a person, or None where there is none to ask.
        written: the command as the user wrote it, for hints.
        notice: told, in a sentence, what the user should know although the run goes on.

    Raises:
        UsageError: something in `allow` is no permission.
        GrantError: `E_PERMISSION`, it needs more than was granted; `E_CHANGED`, it is not what was approved.
        StateError: what was granted cannot be read.
    """
    review_of = await review(core, library, definition, allow=allow, notice=notice)
    if review_of.settled:
        await _remember(review_of, notice)
        return review_of.permissions
    question = review_of.question()
    answer: Answer = "refuse" if ask is None else await ask(question)
    if answer not in ("grant", "once"):
        keeping = await _keeping(core, review_of)
        raise _refusal(core, review_of, question, written or definition.path, asked=ask is not None, keeping=keeping)
    if answer == "grant":
        await _remember(review_of, notice, review_of.missing)
    elif not review_of.decisive:
        await _remember(review_of, notice)
    return Permissions(library, definition.path, [*review_of.permissions, *review_of.missing])


async def review(
    core: Core,
    library: CommandLibrary,
    definition: SubcommandDefinition,
    *,
    allow: Sequence[str] = (),
    notice: Callable[[str], None] = lambda _: None,
) -> Review:
    """What stands between a command and its run; nothing is asked and nothing remembered.

    Raises:
        UsageError, StateError: as for `authorize`.
    """
    if library.origin == BUNDLED:
        return Review(library, Permissions(library, definition.path, ()), [], None)
    if allow:
        _check_permissions(allow)
    needed = needed_permissions(library, definition.handler)
    store = core.grants
    stored: list[str] = []
    approved_digest, known = None, True
    try:
        approved_digest = await store.approved_digest(library)
        if needed:
            stored = await store.granted(library)
    except StateError as error:
        if error.code != "E_STATE" or store.exists:
            raise  # what was approved is not known, and not guessed
        if not store.told:
            notice(f"{error.message}; going on, and nothing is remembered")
        known = False  # there never was one, and none can be made, as in a read-only home
    permissions = Permissions(library, definition.path, [*stored, *allow])
    held = set(permissions)
    made = Review(library, permissions, [name for name in needed if name not in held], store if known else None)
    await made.compare(approved_digest)
    return made


def needed_permissions(library: CommandLibrary, handler: HandlerDefinition | None) -> list[str]:
    """What a handler and its fallbacks need of what the library declares, as it is declared.

    A run must not stop half-way at a fallback, so the whole chain counts. What is not declared is not asked for: it is
    refused where it is used. A module may use all that its library declares, but for what other handlers need.
    """
    declared = library.manifest.permissions
    needed: set[str | None] = set()
    while handler is not None:
        if handler.handler_type == "websocket":
            needed.add(_endpoint_permission(declared, str(handler.endpoint)))
        elif handler.handler_type == "local":
            needed.add(covering(declared, f"local:{handler.function}"))
        else:
            needed.update(name for name in declared if not name.startswith(("ws:", "local:", "limit:")))
        if handler.limits:
            from codi_tui.model.quantities import limit_permissions

            needed.update(limit_permissions(handler.limits))
        handler = handler.fallback
    return [name for name in dict.fromkeys(declared) if name in needed]


def _endpoint_permission(declared: list[str], endpoint: str) -> str | None:
    from codi_tui.model.endpoint import parse_endpoint

    try:
        return covering(declared, parse_endpoint(endpoint).permission)
    except ValueError:
        return None  # the run says what is wrong with it


def _check_permissions(allow: Sequence[str]) -> None:
    from codi_tui.model.permission import parse_permission

    problems = []
    for text in allow:
        try:
            parse_permission(text)
        except ValueError as error:
            problems.append(f"--allow {text[:80]!r}: {error}")
    if problems:
        raise UsageError(problems, hint="such as --allow net:api.example.com:443; docs/grants.md lists the kinds")


async def _remember(review_of: Review, notice: Callable[[str], None], permissions: Sequence[str] = ()) -> None:
    """Remember, and say quiet changes; a disk that cannot be written to stops no run."""
    try:
        await review_of.remember(permissions)
    except StateError as error:
        notice(f"it could not be remembered: {error.message}")
    if review_of.changes and not review_of.decisive:
        from codi_tui.operations.question import difference_lines

        lines = difference_lines(review_of.changes)
        more = f"; and {len(lines) - 5} more" if len(lines) > 5 else ""
        name = f"{review_of.library.name} {review_of.library.version}"
        notice(f"{name}, since {review_of.old_version}: {'; '.join(lines[:5])}{more}")


async def _keeping(core: Core, review_of: Review) -> str:
    """How to go on with the release that was approved, when it is still here."""
    library, old = review_of.library, review_of.old_version
    if not review_of.decisive or old in ("", library.version) or core.cache is None:
        return ""
    try:
        if await core.cache.get_library(library.id, old) is None:
            return ""
    except CacheError:
        return ""
    return f"to keep using {old}: codi sync pin {library.name}@{old}; "


def _refusal(
    core: Core, review_of: Review, question: Question, command: str, *, asked: bool, keeping: str
) -> GrantError:
    from codi_tui.operations.grant_commands import add_command, approve_command

    library, missing = review_of.library, review_of.missing
    lines = [] if asked else question.lines
    remembering = add_command(core, library, missing)
    if review_of.decisive:
        message = question.title + (", and you kept it from running" if asked else ": it has to be approved first")
        approve = approve_command(core, library)
        hint = f"{keeping}to approve it: {approve}" + (f" && {remembering}" if missing else "")
        return GrantError(message, code="E_CHANGED", hint=hint, library=library.name, lines=lines)
    from codi_tui.operations.command_line import quote

    names = " and ".join(missing)
    flags = " ".join(f"--allow {quote(name)}" for name in missing)
    it, is_not = ("it", "is not") if len(missing) == 1 else ("them", "are not")
    return GrantError(
        f"{command} needs {names}, which {is_not} granted",
        code="E_PERMISSION",
        hint=f"to grant {it} for one run: codi run {flags} {command}; to have {it} remembered: {remembering}",
        library=library.name,
        lines=lines,
    )
