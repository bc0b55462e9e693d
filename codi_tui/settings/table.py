"""Every setting, once: its name, what it may be, what it is when nobody sets it, and whether a project may set it."""

from __future__ import annotations

from codi_tui.limits import ASKED_WALL_SECONDS_MAX, HISTORY_DAYS, HISTORY_OUTPUT_BYTES, HISTORY_RUNS, MIB
from codi_tui.runs.log import LEVELS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_COUNT_MAX = 1_000_000
OUTPUTS = ("text", "json", "jsonl", "raw")

NEVER, FREELY, ONLY_TRUE, ONLY_LOWER, BESIDE = "never", "freely", "only true", "only lower", "beside yours"
"""What a project may do with a setting. The last is for names that each file adds: the user's own stand."""


class Setting:
    """One setting.

    Attributes:
        key: `log.level`; `servers[].url` is one of each table, `alias.*` any name.
        kind: `text`, `bool`, `integer`, `number` or `names`, a list of texts.
        meaning: a phrase.
        default: when nobody sets it; None is nothing.
        required: whether its table is wrong without it.
        choices: all that it may be, or nothing.
        low, high: bounds of a number, both included.
        project: what a project may do with it.
        not_in_project: of the choices, those that are not a project's.
    """

    __slots__ = ("choices", "default", "high", "key", "kind", "low", "meaning", "not_in_project", "project", "required")

    def __init__(
        self,
        key: str,
        kind: str,
        meaning: str,
        *,
        default: object = None,
        required: bool = False,
        choices: tuple[str, ...] = (),
        low: int = 0,
        high: int = _COUNT_MAX,
        project: str = NEVER,
        not_in_project: tuple[str, ...] = (),
    ) -> None:
        self.key = key
        self.kind = kind
        self.meaning = meaning
        self.default = default
        self.required = required
        self.choices = choices
        self.low = low
        self.high = high
        self.project = project
        self.not_in_project = not_in_project

    @property
    def alone(self) -> bool:
        """Whether it stands once, under its own name, so that it can be set by that name."""
        return "[]" not in self.key


def _kept(name: str, default: int, meaning: str) -> Setting:
    return Setting(f"session.{name}", "integer", meaning, default=default)


SETTINGS = (
    Setting("servers[].url", "text", "a library server: https, host and port; or file:///a/folder", required=True),
    Setting("servers[].insecure_loopback", "bool", "allow http://127.0.0.1:PORT, for tests", default=False),
    Setting(
        "servers[].trusted_keys[].public_key", "text", "a publisher's key, 64 lower-case hex digits", required=True
    ),
    Setting("servers[].trusted_keys[].libraries", "names", "what it may sign: names, prefix-*, or *", required=True),
    Setting("servers[].trusted_keys[].accept_v0", "bool", "also accept manifests of the oldest form", default=False),
    Setting("network.proxy", "text", "http://host:port: servers are reached by TLS through it; never for loopback"),
    Setting("network.ca_file", "text", "certificates (PEM) that are trusted beside the usual ones: an absolute path"),
    Setting("run.offline", "bool", "open no socket, as --offline", default=False, project=ONLY_TRUE),
    Setting(
        "run.output",
        "text",
        "the default of --output",
        default="text",
        choices=OUTPUTS,
        project=FREELY,
        not_in_project=("raw",),  # a terminal would get whatever a command writes
    ),
    Setting(
        "run.timeout",
        "number",
        "seconds after which a run is stopped, where --timeout says nothing",
        low=1,
        high=ASKED_WALL_SECONDS_MAX,
        project=ONLY_LOWER,
    ),
    Setting("alias.*", "text", "a name for a command line: words as you would type them behind codi", project=BESIDE),
    Setting("log.level", "text", "what is written to codi.log", default="info", choices=LEVELS),
    Setting("session.record_workspace", "bool", "whether the workspace records what its runs write", default=True),
    _kept("keep_days", HISTORY_DAYS, "older runs are forgotten"),
    _kept("keep_runs", HISTORY_RUNS, "of more, the oldest are forgotten"),
    _kept(
        "keep_output_mib", HISTORY_OUTPUT_BYTES // MIB, "recorded output of all runs, compressed; the oldest goes first"
    ),
)


def _tree() -> dict[str, object]:
    """The settings as nested tables; a list of tables has its name with `[]`."""
    tree: dict[str, object] = {}
    for setting in SETTINGS:
        *tables, name = setting.key.split(".")
        table = tree
        for part in tables:
            table = table.setdefault(part, {})  # type: ignore[assignment]
        table[name] = setting
    return tree


TREE = _tree()


def find_setting(key: str) -> Setting | None:
    """The setting that stands alone under a name, such as `log.level` or `alias.gst`."""
    table, _, name = key.partition(".")
    for setting in SETTINGS:
        if setting.alone and (setting.key == key or (setting.key == f"{table}.*" and name and "." not in name)):
            return setting
    return None


def alone() -> Iterator[Setting]:
    """The settings that can be set by name, in the order of the table."""
    return (setting for setting in SETTINGS if setting.alone)
