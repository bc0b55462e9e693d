"""The table of settings: what checks a file, its schema, a project's part in it, aliases, and where a value is from."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from codi_tui.config import load_settings
from codi_tui.errors import ConfigError, UsageError
from codi_tui.limits import ALIAS_STEPS_MAX, RUN_WALL_SECONDS
from codi_tui.operations.settings_file import parse_value, set_value, unset_value
from codi_tui.operations.settings_list import every_value
from codi_tui.settings.alias import alias_problem, alias_words, expand
from codi_tui.settings.check import problems_of
from codi_tui.settings.schema import settings_schema
from codi_tui.settings.table import NEVER, SETTINGS, alone, find_setting
from support.libraries import PUBLIC_KEY

WHOLE = f"""# mine
[[servers]]
url = "https://a.example"
[[servers.trusted_keys]]
public_key = "{PUBLIC_KEY.hex()}"
libraries = ["deploy"]
accept_v0 = false

[run]
offline = false       # at home
output = "text"
timeout = 2.5

[alias]
failed = "session list --failed"

[log]
level = "info"
[session]
record_workspace = true
keep_days = 1
keep_runs = 2
keep_output_mib = 3
"""


@pytest.fixture
def project(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project's file, and the working folder below it."""
    folder = tmp_path / "work/project"
    (folder / "src/deep").mkdir(parents=True)
    monkeypatch.chdir(folder / "src/deep")
    return folder / "codi.toml"


@pytest.fixture
def own(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def refused(own: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        load_settings(str(own))
    assert caught.value.code == "E_CONFIG"
    return caught.value.message


class TestTable:
    def test_every_setting_is_read(self, own: Path) -> None:
        own.write_text(WHOLE)
        settings = load_settings(str(own))
        assert (settings.run.offline, settings.run.output, settings.run.timeout) == (False, "text", 2.5)
        assert settings.aliases == {"failed": "session list --failed"}
        assert (settings.session.keep_days, settings.session.keep_output_bytes) == (1, 3 << 20)

    def test_the_defaults_of_the_table_are_those_that_count(self, own: Path) -> None:
        own.write_text("".join(f"[{table}]\n" for table in ("run", "log", "session")))
        settings = load_settings(str(own))
        shown = {value.key: value.value for value in every_value(str(own))}
        assert shown["log.level"] == settings.log_level
        assert shown["session.keep_days"] == settings.session.keep_days
        assert shown["session.keep_runs"] == settings.session.keep_runs
        assert shown["session.keep_output_mib"] << 20 == settings.session.keep_output_bytes
        assert shown["session.record_workspace"] == settings.session.record_workspace
        assert (shown["run.offline"], shown["run.output"]) == (settings.run.offline, settings.run.output)

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("[log]\nlevl = 'x'", "did you mean level?"),
            ("[runn]\noffline = true", "did you mean run?"),
            ("[run]\ntimeout = 0", "from 1 to"),
            ("[run]\ntimeout = true", "must be a number"),
            ("[run]\ntimeout = nan", "from 1 to"),
            ("[run]\noffline = 1", "must be a true or false"),
            ("[session]\nkeep_days = 1.5", "must be a whole number"),
            ("[session]\nkeep_days = true", "must be a whole number"),
            ("[run]\noutput = 'xml'", "one of text, json"),
            ("run = 1", "must be a table"),
            ("alias = []", "must be a table"),
            ("[alias]\nrun = 'text.count'", "codi's own"),
            ("[alias]\n'a.b' = 'text.count'", "lower-case"),
            ("[alias]\na = 'x | y'", "for a shell"),
            ('[alias]\na = "\'"', "not closed"),
            ("[alias]\na = ''", "stands for nothing"),
            ("[alias]\na = 1", "must be a text"),
        ],
    )
    def test_a_mistake_is_told(self, own: Path, text: str, said: str) -> None:
        own.write_text(text)
        assert said in refused(own)

    def test_all_mistakes_are_told_at_once(self, own: Path) -> None:
        own.write_text("[log]\nlevel = 'x'\n[run]\noffline = 1\n[session]\nkeep_day = 1")
        message = refused(own)
        assert all(word in message for word in ("level", "offline", "keep_days"))


SAMPLES = ("", WHOLE, "[run]\ntimeout = 0", "[run]\noutput = 'xml'", "[log]\nlevl = 1", "[alias]\nmcp = 'x.y'")
SAMPLES += (
    "[alias]\nok = 'text.count'",
    "[[servers]]",
    "[session]\nkeep_days = -1",
    "servers = 1",
    "[run]\noffline = 'x'",
)


class TestSchema:
    @pytest.mark.parametrize("text", SAMPLES)
    def test_it_accepts_what_codi_accepts(self, text: str) -> None:
        schema: dict[str, Any] = settings_schema()
        jsonschema.Draft202012Validator.check_schema(schema)
        document = tomllib.loads(text)
        assert jsonschema.Draft202012Validator(schema).is_valid(document) == (problems_of(document) == [])

    def test_that_of_a_project_has_what_a_project_may_set_and_nothing_of_trust(self) -> None:
        schema: dict[str, Any] = settings_schema(project=True)
        keys = {f"{table}.{name}" for table, item in schema["properties"].items() for name in item["properties"]}
        allowed = {setting.key for setting in alone() if setting.project != NEVER} - {"alias.*"}
        assert keys == allowed == {"run.offline", "run.output", "run.timeout"}
        assert "raw" not in schema["properties"]["run"]["properties"]["output"]["enum"]


class TestOwner:
    @pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
    def test_a_settings_file_that_others_may_write_is_refused(self, own: Path, mode: int) -> None:
        own.write_text(WHOLE)
        own.chmod(mode)
        assert "others may write" in refused(own)

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
    def test_one_of_someone_else_is_refused(self, own: Path) -> None:
        own.write_text(WHOLE)
        os.chown(own, 12345, 12345)
        assert "someone else" in refused(own)

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
    def test_a_project_of_someone_else_is_not_read(self, own: Path, project: Path) -> None:
        project.write_text("[run]\noffline = true\n")
        os.chown(project, 12345, 12345)
        settings = load_settings(str(own))
        assert (settings.run.offline, settings.project, settings.foreign) == (False, None, str(project))

    def test_nor_one_that_everybody_may_write(self, own: Path, project: Path) -> None:
        project.write_text("[run]\noffline = true\n")
        project.chmod(0o666)
        assert load_settings(str(own)).foreign == str(project)


class TestProject:
    def test_it_is_found_upwards_and_makes_a_run_stricter(self, own: Path, project: Path) -> None:
        own.write_text("[run]\ntimeout = 100\n")
        project.write_text("[run]\noffline = true\noutput = 'json'\ntimeout = 9\n[alias]\nw = 'text.wrap --width 8'\n")
        settings = load_settings(str(own))
        assert settings.project == str(project)
        assert (settings.run.offline, settings.run.output, settings.run.timeout) == (True, "json", 9)
        assert settings.aliases == {"w": "text.wrap --width 8"}

    @pytest.mark.attack("H8")
    def test_it_never_makes_one_more_trusting(self, own: Path, project: Path) -> None:
        own.write_text("[run]\noffline = true\ntimeout = 100\n[alias]\nw = 'session list'\n")
        project.write_text("[run]\noffline = false\ntimeout = 101\n[alias]\nw = 'text.wrap'\n")
        settings = load_settings(str(own))
        assert (settings.run.offline, settings.run.timeout) == (True, 100)
        assert settings.aliases == {"w": "session list"}

    def test_nor_longer_than_a_run_takes_by_default(self, own: Path, project: Path) -> None:
        project.write_text(f"[run]\ntimeout = {int(RUN_WALL_SECONDS) + 1}\n")
        assert load_settings(str(own)).run.timeout is None

    @pytest.mark.attack("H8")
    @pytest.mark.parametrize(
        "text",
        [
            *(
                f"[[servers]]\nurl = 'https://a.example'\n{more}"
                for more in ("", "[[servers.trusted_keys]]\npublic_key = 'x'")
            ),
            *(f"[{table}]\n" for table in ("proxy", "tls", "trust", "allow", "grants")),
            *(
                f"[{setting.key.split('.')[0]}]\n{setting.key.split('.')[1]} = 1\n"
                for setting in SETTINGS
                if setting.alone and setting.project == NEVER
            ),
            "[log]\nlevel = 'off'",
            "[session]\nrecord_workspace = false",
            "[run]\nallow = ['random']",
            "[run]\noutput = 'raw'",
            *(
                f"[alias]\nx = '{line}'"
                for line in (
                    "run --allow random text.count",
                    "codi run text.count",
                    "other text.count",
                    "config unset a",
                )
            ),
        ],
    )
    def test_what_is_not_a_project_s_is_refused(self, own: Path, project: Path, text: str) -> None:
        project.write_text(text)
        assert str(project) in refused(own)

    def test_neither_the_home_folder_nor_the_root_is_a_project(
        self, own: Path, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (home / "codi.toml").write_text("[run]\noffline = true\n")
        (home / "below").mkdir()
        monkeypatch.chdir(home / "below")
        assert load_settings(str(own)).project is None

    def test_a_working_folder_that_is_gone_has_no_project(
        self, own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        gone = tmp_path / "gone"
        gone.mkdir()
        monkeypatch.chdir(gone)
        gone.rmdir()
        assert load_settings(str(own)).project is None


class TestAlias:
    @pytest.mark.parametrize("name", ["run", "config", "ui", "a.b", "a:b", "A", "-x", "", "a b", "a/b", "ünder"])
    def test_a_name_that_could_hide_something_is_none(self, name: str) -> None:
        assert alias_problem(name, "text.count")

    def test_words_are_words(self) -> None:
        assert alias_words("codi text.template '$HOME `id`' a\\ b") == ["text.template", "$HOME `id`", "a b"]

    @pytest.mark.parametrize("line", ["a; b", "a && b", "a | b", "a > f", "a < f", "a & b", "a\nb"])
    def test_what_only_a_shell_could_do_is_refused(self, line: str) -> None:
        with pytest.raises(UsageError):
            alias_words(line)

    def test_an_alias_may_stand_for_another(self) -> None:
        aliases = {"a": "b 1", "b": "text.wrap --width 60"}
        assert expand(["a", "x"], aliases) == ["text.wrap", "--width", "60", "1", "x"]

    @pytest.mark.parametrize("aliases", [{"a": "a"}, {"a": "b x", "b": "c", "c": "a"}])
    def test_a_circle_is_refused(self, aliases: dict[str, str]) -> None:
        with pytest.raises(UsageError, match="circle"):
            expand(["a"], aliases)

    def test_a_way_that_is_too_long_is_refused(self) -> None:
        with pytest.raises(UsageError):
            expand(["a0"], {f"a{step}": f"a{step + 1}" for step in range(ALIAS_STEPS_MAX + 1)})


class TestFile:
    def test_comments_and_order_stay(self, own: Path) -> None:
        own.write_text(WHOLE)
        set_value(str(own), "run.offline", value=True)
        set_value(str(own), "log.level", "debug")
        assert own.read_text() == WHOLE.replace("offline = false ", "offline = true ").replace('"info"', '"debug"')

    def test_what_is_set_and_unset_leaves_what_was_there(self, own: Path) -> None:
        own.write_text("# mine\n[log]\nlevel = 'info' # quiet\n")
        for key, value in (("run.timeout", 5), ("alias.w", "text.wrap")):
            set_value(str(own), key, value)
        assert load_settings(str(own)).aliases == {"w": "text.wrap"}
        for key in ("run.timeout", "alias.w"):
            unset_value(str(own), key)
        assert own.read_text().strip() == "# mine\n[log]\nlevel = 'info' # quiet"

    def test_a_file_that_is_made_is_private(self, tmp_path: Path) -> None:
        own = tmp_path / "new/codi/config.toml"
        set_value(str(own), "log.level", "debug")
        assert (own.stat().st_mode & 0o777, own.parent.stat().st_mode & 0o777) == (0o600, 0o700)

    def test_a_link_stays_one(self, own: Path, tmp_path: Path) -> None:
        kept = tmp_path / "dotfiles.toml"
        kept.write_text("# kept\n")
        own.symlink_to(kept)
        set_value(str(own), "log.level", "debug")
        assert own.is_symlink()
        assert kept.read_text() == '# kept\n\n[log]\nlevel = "debug"\n'

    def test_a_value_is_what_its_setting_takes(self) -> None:
        for key, text, value in (
            ("run.offline", "true", True),
            ("run.timeout", "2.5", 2.5),
            ("session.keep_days", "7", 7),
            ("alias.w", "text.wrap", "text.wrap"),
        ):
            setting = find_setting(key)
            assert setting is not None
            assert parse_value(setting, key, text) == value
            with pytest.raises(UsageError):
                parse_value(setting, key, "a | b")


class TestOrigin:
    def test_each_value_has_its_line(self, own: Path, project: Path) -> None:
        own.write_text(
            "# begins\nlog.level = 'debug'\n[alias]\nlong = '''\ntext.wrap \\\n  --width 8'''\n# on\n\nw = 'text.wrap'\n"
            "[session]\nkeep_runs = 5\n"
        )
        project.write_text("\n[run]\n\noffline = true\n")
        values = {value.key: value for value in every_value(str(own))}
        lines = {key: value.line for key, value in values.items() if value.line}
        assert lines == {"log.level": 2, "alias.long": 4, "alias.w": 9, "session.keep_runs": 11, "run.offline": 4}
        assert values["run.offline"].path == str(project)
        assert values["log.level"].path == str(own)
        assert values["session.keep_days"].origin == "default"


def test_the_documentation_names_every_setting() -> None:
    page = (Path(__file__).parents[2] / "docs/settings.md").read_text()
    missing = [setting.key for setting in SETTINGS if f"\n{setting.key.rpartition('.')[2]} = " not in page]
    assert set(missing) <= {"alias.*", "servers[].insecure_loopback"}
    assert "insecure_loopback = true" in page
