"""The settings file: every error is told, and nothing but the file gives trust (attack H8)."""

from __future__ import annotations

from pathlib import Path

import pytest

from codi_tui.config import Settings, load_settings, parse_origin
from codi_tui.errors import ConfigError
from codi_tui.limits import SETTINGS_MAX_BYTES
from codi_tui.runtime import RuntimeMode
from support.libraries import PUBLIC_KEY

KEY = PUBLIC_KEY.hex()
SERVER = '[[servers]]\nurl = "https://a.example"\n'


def load(tmp_path: Path, text: str | bytes) -> Settings:
    path = tmp_path / "config.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_settings(str(path))


def refused(tmp_path: Path, text: str | bytes) -> str:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)
    assert caught.value.code == "E_CONFIG"
    return caught.value.message


def test_a_missing_file_is_empty(tmp_path: Path) -> None:
    assert load_settings(str(tmp_path / "none")).servers == []
    assert load(tmp_path, "").servers == []


def test_servers_and_their_keys_are_read(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        f"""{SERVER}[[servers.trusted_keys]]
public_key = "{KEY}"
libraries = ["deploy", "acme-*"]
accept_v0 = true
[[servers]]
url = "http://127.0.0.1:8080/"
insecure_loopback = true
""",
    )
    first, second = settings.servers
    assert (first.origin, second.origin) == ("https://a.example", "http://127.0.0.1:8080")
    assert [(key.public_key, key.patterns, key.accept_v0) for key in first.keys] == [
        (PUBLIC_KEY, ("deploy", "acme-*"), True)
    ]
    assert second.keys == []


def test_v0_is_not_accepted_unless_it_says_so(tmp_path: Path) -> None:
    settings = load(tmp_path, f'{SERVER}[[servers.trusted_keys]]\npublic_key = "{KEY}"\nlibraries = ["*"]\n')
    assert not settings.servers[0].keys[0].accept_v0


def key_table(**members: str) -> str:
    members = {"public_key": f'"{KEY}"', "libraries": '["*"]', **members}
    lines = "".join(f"{name} = {value}\n" for name, value in members.items() if value)
    return f"{SERVER}[[servers.trusted_keys]]\n{lines}"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("servers = 1", "list of tables"),
        ("servers = [1]", "list of tables"),
        ("[servers]\nurl = 'x'", "list of tables"),
        ("serverz = []", "has no serverz"),
        ("[[servers]]", "url is missing"),
        ("[[servers]]\nurl = 5", "url must be a text"),
        ("[[servers]]\nurl = 'https://a'\ntrust = true", "has no trust"),
        ("[[servers]]\nurl = 'https://a'\ninsecure_loopback = 'yes'", "insecure_loopback must be a true or false"),
        ("[[servers]]\nurl = 'http://a.example'", "https"),
        ("[[servers]]\nurl = 'http://127.0.0.1'", "https"),
        ("[[servers]]\nurl = 'http://a.example'\ninsecure_loopback = true", "https"),
        (f"{SERVER}trusted_keys = [1]", "list of tables"),
        (key_table(public_key=""), "public_key is missing"),
        (key_table(public_key="5"), "public_key must be a text"),
        (key_table(public_key=f'"{KEY[:-1]}"'), "64 lower-case hex"),
        (key_table(public_key=f'"{KEY.upper()}"'), "64 lower-case hex"),
        (key_table(public_key=f'"01{"00" * 31}"'), "weak"),
        (key_table(libraries=""), "libraries is missing"),
        (key_table(libraries='"*"'), "libraries must be a list"),
        (key_table(libraries="[1]"), "list of names"),
        (key_table(libraries='["Deploy"]'), "not a library name"),
        (key_table(libraries='["*-x"]'), "not a library name"),
        (key_table(accept_v0="1"), "accept_v0 must be a true or false"),
        (key_table(threshold="2"), "has no threshold"),
        ("a = ", "Invalid value"),
        ("a = 1\na = 2", "overwrite"),
        (b"\xff", "utf-8"),
        (b"a = " + b"[" * 100_000, "config.toml"),
        (b"#" * (SETTINGS_MAX_BYTES + 1), "larger than"),
    ],
)
def test_a_mistake_is_told_with_the_file_s_name(tmp_path: Path, text: str | bytes, said: str) -> None:
    message = refused(tmp_path, text)
    assert said in message
    assert "config.toml" in message


def test_a_file_that_cannot_be_read_is_not_an_empty_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot read"):
        load_settings(str(tmp_path))
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ConfigError, match="cannot read"):
        load_settings(str(tmp_path / "file/config.toml"))


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://a.example", "https://a.example"),
        ("https://a.example/", "https://a.example"),
        ("https://a.example:443", "https://a.example"),
        ("https://a.example:8443", "https://a.example:8443"),
        ("https://1.2.3.4", "https://1.2.3.4"),
        ("https://[::1]:443", "https://[::1]"),
        ("https://[2001:db8::1]", "https://[2001:db8::1]"),
        ("file:///srv/codi", "file:///srv/codi"),
        ("file:///srv/codi/", "file:///srv/codi"),
        ("file:///home/zoë/my libraries", "file:///home/zoë/my libraries"),
    ],
)
def test_an_origin_is_scheme_host_and_port_or_a_folder(url: str, origin: str) -> None:
    assert parse_origin(url) == origin


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "127.0.0.1:80", "localhost:8080", "[::1]:8080"])
def test_plain_http_is_for_an_allowed_loopback_only(host: str) -> None:
    assert parse_origin(f"http://{host}", insecure_loopback=True) == f"http://{host}"
    with pytest.raises(ValueError, match="https"):
        parse_origin(f"http://{host}")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "a.example",
        "//a.example",
        "https:a",
        "https://",
        "https:///x",
        "ftp://a",
        "file://etc/passwd",
        "file:etc",
        "file://",
        "file:///",
        "file:////srv",
        "file:///srv//codi",
        "file:///srv/../codi",
        "file:///srv/%41",
        "file:///srv?x",
        "file:///srv#x",
        "file:///srv\\x",
        "file:///srv\n",
        "file:///srv/\u202ex",
        "HTTPS://a.example",
        "https://A.example",
        "https://a.example/path",
        "https://a.example?x",
        "https://a.example#x",
        "https://user@a.example",
        "https://user:pass@a.example",
        "https://a.example:",
        "https://a.example:x",
        "https://a.example:-1",
        "https://a.example:8 0",
        "https://:443",
        "https://a b",
        "https://a%2eexample",
        "https://ex\u00e4mple",
        "https://a\u200b.example",
        "https://a\\b",
        "https://[]",
        "https://[::1",
        "https://a_b",
        "https://a\n",
        "javascript://a",
        "https://https://a",
    ],
)
@pytest.mark.parametrize("loopback", [True, False])
def test_an_address_that_is_no_origin_is_refused(url: str, loopback: bool) -> None:
    with pytest.raises(ValueError, match=r"server"):
        parse_origin(url, insecure_loopback=loopback)


@pytest.mark.parametrize(
    "host", ["127.0.0.1.evil.example", "localhost.evil.example", "127.0.0.2", "0.0.0.0", "[::2]", "127.1", "0x7f.1"]
)
def test_an_address_that_looks_like_loopback_is_not(host: str) -> None:
    with pytest.raises(ValueError, match="https"):
        parse_origin(f"http://{host}", insecure_loopback=True)


@pytest.mark.parametrize(
    "url",
    [
        "https://a:99999",
        "https://a:0",
        "https://a:\u0663",
        "https://a..b",
        "https://.",
        "https://-a",
        "https://[:::::]",
        "https://[1.2]",
        f"https://{'a' * 64}.example",
    ],
)
def test_a_port_or_host_that_cannot_be_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="server"):
        parse_origin(url)


def test_a_port_has_one_spelling() -> None:
    assert parse_origin("https://a.example:0443") == "https://a.example"


def test_a_server_that_is_named_twice_is_a_contradiction(tmp_path: Path) -> None:
    refused(tmp_path, f"{SERVER}{SERVER}")


def test_no_variable_of_codi_adds_a_server_or_a_key(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    for name in (
        "CODI_SERVER",
        "CODI_SERVERS",
        "CODI_URL",
        "CODI_TRUSTED_KEYS",
        "CODI_KEY",
        "CODI_ACCEPT_V0",
        "CODI_CONFIG",
        "CODI_INSECURE",
    ):
        monkeypatch.setenv(name, KEY)
    assert load_settings(RuntimeMode.detect().settings_path()).servers == []
