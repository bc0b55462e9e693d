"""High-water marks: what was accepted once is not taken back (attacks A2, A3, A5, D10), and the clock (A17)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from codi_tui.errors import CodiError, FetchError, StateError, TrustError
from codi_tui.limits import HISTORY_DIGESTS
from codi_tui.model.times import timestamp
from codi_tui.operations import trust as operations
from codi_tui.operations.core import drive
from codi_tui.trust import Mark, TrustedClock
from codi_tui.trust.marks import check_mark
from support.libraries import KEY, OTHER_KEY, manifest, signed
from support.roots import entry, id_of, rule, trust
from support.simulator import DOWN, Bench, Simulator, directory
from support.trust import ISSUED, NOW, ORIGIN, sign_anything, trusted, v0

DAY = 24 * 60 * 60


def release(sequence: int, version: str = "1.0.0", name: str = "demo", **members: object) -> bytes:
    options = {key: members.pop(key) for key in ("key", "issued_at") if key in members}
    return signed(manifest(name, version, library=members), sequence=sequence, **{"issued_at": ISSUED, **options})  # type: ignore[arg-type]


@pytest.fixture
def server() -> Simulator:
    return Simulator(release(5))


@pytest.fixture
def bench(tmp_path: Path, server: Simulator) -> Iterator[Bench]:
    bench = Bench(tmp_path, server, remembers=True)
    yield bench
    bench.close()


def refusal(bench: Bench, command: str = "demo.run") -> CodiError:
    with pytest.raises(CodiError) as caught:
        bench.load(command)
    return caught.value


def fetch(bench: Bench, server: Simulator, document: bytes) -> CodiError | None:
    """What becomes of a document that the server delivers when it is asked."""
    server.publish(document)
    try:
        drive(bench.loader()._fetch(server, "demo"))  # type: ignore[arg-type]
    except CodiError as error:
        return error
    return None


class TestComparison:
    MARK = Mark(5, "1.0.0", "a" * 64, ["k"], 0)

    def check(self, mark: Mark | None, sequence: int, version: str = "1.0.0", digest: str = "b" * 64) -> object:
        try:
            return check_mark(mark, sequence=sequence, version=version, digest=digest)
        except TrustError as error:
            return error.code

    def test_by_sequence(self) -> None:
        assert self.check(None, 1) is True
        assert self.check(self.MARK, 6) is True
        assert self.check(self.MARK, 5, digest="a" * 64) is False
        assert self.check(self.MARK, 5) == "E_EQUIVOCATION"
        assert self.check(self.MARK, 4) == "E_ROLLBACK"

    def test_a_fix_of_an_old_version_is_a_later_release(self) -> None:
        assert self.check(Mark(5, "2.0.0", "a" * 64, [], 0), 6, "1.4.9") is True

    def test_the_oldest_form_goes_by_version(self) -> None:
        mark = Mark(0, "1.10.0", "a" * 64, [], 0)
        assert self.check(mark, 0, "1.11.0") is True
        assert self.check(mark, 0, "1.9.0") == "E_ROLLBACK"
        assert self.check(mark, 0, "1.10.0") == "E_EQUIVOCATION"
        assert self.check(mark, 0, "x") == "E_SEQUENCE"

    def test_a_form_without_sequence_is_older_than_one_with(self) -> None:
        assert self.check(self.MARK, 0, "9.0.0") == "E_ROLLBACK"
        assert self.check(Mark(0, "9.0.0", "a" * 64, [], 0), 1) is True


class TestRollback:
    @pytest.mark.attack("A2")
    def test_an_older_release_is_refused_and_the_newer_still_runs(self, bench: Bench, server: Simulator) -> None:
        newer = bench.load().library.digest
        error = fetch(bench, server, release(4))
        assert error is not None
        assert error.code == "E_ROLLBACK"
        assert bench.load().library.digest == newer
        assert bench.marks() == {"demo": 5}
        assert bench.refusals() == ["E_ROLLBACK"]

    @pytest.mark.attack("A2", "D10")
    def test_an_older_release_is_refused_after_the_cache_was_lost(self, bench: Bench, server: Simulator) -> None:
        bench.load()
        bench.path.unlink()
        server.publish(release(4))
        assert refusal(bench).code == "E_ROLLBACK"
        server.publish(release(5))
        assert bench.load().library.sequence == 5

    @pytest.mark.attack("A2", "D1")
    def test_a_cache_that_was_restored_from_a_backup_is_refused_and_kept(self, bench: Bench, server: Simulator) -> None:
        bench.load()
        bench.close()
        old = bench.path.read_bytes()
        assert fetch(bench, server, release(6, "1.1.0")) is None
        bench.close()
        for suffix in ("-wal", "-shm"):
            bench.path.with_name(f"cache.db{suffix}").unlink(missing_ok=True)
        bench.path.write_bytes(old)
        server.error = DOWN
        assert refusal(bench).code == "E_ROLLBACK"
        assert len(bench.rows("SELECT id FROM command_libraries")) == 1
        server.error = None
        assert bench.load().library.sequence == 6

    @pytest.mark.attack("A3")
    def test_another_release_of_the_same_sequence_is_refused_with_both_digests(
        self, bench: Bench, server: Simulator
    ) -> None:
        first = bench.load().library.digest
        error = fetch(bench, server, release(5, "1.0.1"))
        assert error is not None
        assert error.code == "E_EQUIVOCATION"
        (line,) = [line for line in bench.audit() if line["event"] == "refused"]
        assert line["mark_digest"] == first
        assert len({line["digest"], first}) == 2
        assert bench.marks() == {"demo": 5}

    @pytest.mark.attack("A9")
    def test_marks_of_one_origin_are_nothing_at_another(self, tmp_path: Path) -> None:
        first, second = Simulator(release(5)), Simulator(release(2, "1.0.1"), origin="https://other.example.com")
        bench = Bench(tmp_path, first, remembers=True)
        bench.load()
        bench.sources, bench.keys = [second], {second.origin: [trusted()]}
        assert bench.load().library.sequence == 2
        bench.close()

    def test_a_fix_of_an_old_version_runs_from_the_cache(self, bench: Bench, server: Simulator) -> None:
        assert fetch(bench, server, release(6, "2.0.0")) is None
        assert fetch(bench, server, release(7, "1.4.9")) is None
        server.requests.clear()
        assert bench.load().library.version == "1.4.9"
        assert server.requests == []

    def test_the_oldest_form_of_a_manifest_has_marks_too(self, tmp_path: Path) -> None:
        server = Simulator(sign_anything(v0(version="1.10.0")))
        bench = Bench(tmp_path, server, keys={ORIGIN: [trusted(accept_v0=True)]}, remembers=True)
        bench.load()
        error = fetch(bench, server, sign_anything(v0(version="1.9.0")))
        assert error is not None
        assert error.code == "E_ROLLBACK"
        assert fetch(bench, server, sign_anything(v0(version="1.11.0"))) is None
        bench.close()

    def test_a_pinned_digest_is_the_choice_of_an_older_release(self, bench: Bench, server: Simulator) -> None:
        old = bench.load().library.digest
        assert fetch(bench, server, release(6, "1.1.0")) is None
        pinned = drive(bench.loader().load_library(server, "demo", digest=old))  # type: ignore[arg-type]
        assert pinned.sequence == 5
        assert bench.marks() == {"demo": 6}
        assert bench.load().library.sequence == 6
        with pytest.raises(CodiError):
            drive(bench.loader().load_library(server, "demo", digest="0" * 64))  # type: ignore[arg-type]

    def test_bundled_libraries_leave_no_mark_and_need_no_state(self, tmp_path: Path) -> None:
        bench = Bench(tmp_path, directory(tmp_path / "bundled", release(5)), remembers=True)
        bench.load()
        directory(tmp_path / "bundled", release(4, "0.9.0"))
        assert bench.load().library.sequence == 4
        assert not bench.state_path.exists()
        bench.close()


class TestOrderOfWriting:
    @pytest.mark.attack("D8")
    def test_a_crash_between_mark_and_store_is_mended_by_the_next_load(
        self, bench: Bench, server: Simulator, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        bench.load()

        async def crash(*_: object, **__: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr("codi_tui.loader.DynamicLoader._store", crash)
            with pytest.raises(KeyboardInterrupt):
                fetch(bench, server, release(6, "1.1.0"))
        assert bench.marks() == {"demo": 6}
        assert bench.load().library.sequence == 6

    def test_a_release_that_another_process_overtook_is_fetched_again(self, bench: Bench, server: Simulator) -> None:
        bench.load()
        real = server.fetch_library

        async def overtaken(name: str) -> object:
            delivery = await real(name)
            server.fetch_library = real  # type: ignore[method-assign]
            assert fetch(bench, server, release(7, "1.2.0")) is None
            return delivery

        server.publish(release(6, "1.1.0"))
        server.fetch_library = overtaken  # type: ignore[assignment, method-assign]
        assert drive(bench.loader()._fetch(server, "demo")).sequence == 7  # type: ignore[arg-type]
        assert bench.refusals() == []


KEYS = [entry(KEY, "active"), entry(OTHER_KEY, "active")]
RULES = [rule("demo", keys=[KEY, OTHER_KEY])]


class TestRevocation:
    @pytest.mark.attack("A5")
    def test_a_stolen_key_cannot_put_the_mark_out_of_reach(self, bench: Bench, server: Simulator) -> None:
        bench.pin(trust(keys=KEYS, rules=RULES))
        assert fetch(bench, server, release(2**53 - 1, "9.0.0")) is None
        assert bench.marks() == {"demo": 2**53 - 1}
        server.trust[2] = trust(2, keys=[entry(KEY, "revoked"), entry(OTHER_KEY, "active")], rules=RULES)
        bench.now += 2 * 60 * 60
        assert fetch(bench, server, release(6, "1.1.0", key=OTHER_KEY)) is None
        assert bench.marks() == {"demo": 6}
        assert bench.load().library.sequence == 6
        assert [row[0] for row in bench.state("SELECT code FROM quarantine")] == ["E_KEY_REVOKED"]
        (line,) = [line for line in bench.audit() if line["event"] == "trust"]
        assert line["gone"] == [id_of(KEY)]
        assert line["marks_dropped"] == ["demo"]

    @pytest.mark.attack("A13")
    def test_a_revoked_key_is_refused_from_the_cache_and_offline(self, bench: Bench, server: Simulator) -> None:
        bench.load()
        bench.pin(trust(keys=[entry(KEY, "revoked")]))
        bench.offline = True
        assert refusal(bench).code == "E_KEY_REVOKED"
        bench.offline = False
        assert refusal(bench).code == "E_KEY_REVOKED"
        assert bench.refusals()[-1] == "E_KEY_REVOKED"

    @pytest.mark.attack("A13")
    def test_a_row_that_hides_its_signer_is_refused_when_it_is_loaded(self, bench: Bench, server: Simulator) -> None:
        bench.load()
        bench.change("UPDATE command_libraries SET metadata = json_patch(metadata, '{\"key_id\": null}')")
        bench.pin(trust(keys=[entry(KEY, "revoked"), entry(OTHER_KEY, "active")], rules=RULES))
        bench.offline = True
        assert refusal(bench).code == "E_KEY_REVOKED"

    def test_what_a_revoked_key_signed_is_kept_as_evidence_although_a_later_step_fails(
        self, bench: Bench, server: Simulator
    ) -> None:
        bench.pin(trust())
        bench.load()
        server.trust[2] = trust(2, keys=[entry(KEY, "revoked"), entry(OTHER_KEY, "active")], rules=RULES)
        server.trust[3] = trust(4)
        with pytest.raises(TrustError):
            drive(operations.refresh(bench.core(), ORIGIN))
        assert bench.state("SELECT code FROM quarantine") == [("E_KEY_REVOKED",)]

    def test_of_a_refresh_on_the_way_too(self, bench: Bench, server: Simulator) -> None:
        bench.pin(trust())
        bench.load()
        server.trust[2] = trust(2, keys=[entry(KEY, "revoked"), entry(OTHER_KEY, "active")], rules=RULES)
        server.trust[3] = trust(4)
        bench.now += 2 * 60 * 60
        fetch(bench, server, release(6, "1.1.0", key=OTHER_KEY))
        assert bench.state("SELECT code FROM quarantine") == [("E_KEY_REVOKED",)]


class TestDamage:
    @pytest.mark.attack("D10")
    def test_the_first_release_is_marked_as_having_no_history(self, bench: Bench) -> None:
        bench.load()
        (line,) = bench.audit()
        assert (line["event"], line["note"], line["sequence"]) == ("mark", "no rollback history", 5)

    def test_a_release_that_came_without_a_signature_in_its_header_is_noted(
        self, bench: Bench, server: Simulator
    ) -> None:
        bench.load()
        server.header = json.loads(release(6, "1.1.0"))["library"]["signature"]
        fetch(bench, server, release(6, "1.1.0"))
        assert [(line["sequence"], line.get("header")) for line in bench.audit()] == [(5, "absent"), (6, None)]

    @pytest.mark.attack("D10")
    def test_a_lost_state_is_seen_in_the_trail(self, bench: Bench) -> None:
        bench.load()
        bench.close()
        bench.state_path.unlink()
        assert bench.load().library.cached
        assert [line.get("note") for line in bench.audit()] == ["no rollback history"] * 2
        assert bench.marks() == {"demo": 5}

    @pytest.mark.parametrize("damage", ["garbage", "other tables", "unreadable"])
    def test_a_damaged_state_refuses_and_is_never_rebuilt(self, bench: Bench, damage: str) -> None:
        bench.load()
        if damage == "other tables":
            bench.state("CREATE VIEW sneaky AS SELECT 1")
        bench.close()
        if damage == "garbage":
            bench.state_path.write_bytes(b"no database at all" * 500)
        if damage == "unreadable":
            bench.state_path.unlink()
            bench.state_path.mkdir()
        error = refusal(bench)
        assert isinstance(error, StateError)
        assert error.code == ("E_STATE_PERMS" if damage == "unreadable" else "E_STATE_DAMAGED")
        assert error.hint
        assert bench.state_path.exists()
        assert isinstance(refusal(bench), StateError)
        assert bench.refusals() == [error.code] * 2

    def test_damage_that_shows_when_a_mark_is_written_refuses(
        self, bench: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def damaged(*_: object, **__: object) -> None:
            raise StateError("torn", code="E_STATE_DAMAGED")

        monkeypatch.setattr("codi_tui.state.marks.MarkStore.advance", damaged)
        assert refusal(bench).code == "E_STATE_DAMAGED"
        assert bench.rows("SELECT * FROM command_libraries") == []

    def test_a_module_that_was_damaged_in_the_cache_is_in_the_trail(self, bench: Bench) -> None:
        bench.load()
        bench.change("UPDATE modules SET data = x'00'")
        loader = bench.loader()
        drive(loader.load_module(drive(loader.load_command("demo.run")).library))
        assert bench.refusals() == ["E_ZSTD"]

    def test_a_stored_trust_document_that_was_changed_refuses(self, bench: Bench) -> None:
        bench.pin(trust())
        bench.load()
        bench.state("UPDATE trust_documents SET message = replace(message, 'active', 'retire')")
        assert refusal(bench).code == "E_STATE_DAMAGED"


class TestClock:
    def test_the_later_of_the_system_and_what_was_verified_less_a_day(self) -> None:
        clock = TrustedClock(lambda: NOW)
        assert clock() == NOW
        clock.observe(NOW + DAY)
        assert (clock(), clock.is_behind) == (NOW, False)
        clock.observe(NOW + 3 * DAY)
        assert (clock(), clock.is_behind) == (NOW + 2 * DAY, True)
        clock.observe(0)
        assert clock() == NOW + 2 * DAY

    def test_trust_is_pinned_refreshed_and_listed_by_the_latest_time_too(self, bench: Bench) -> None:
        bench.pin(trust(expires_at=timestamp(NOW + DAY)))
        bench.now = NOW + DAY // 2
        bench.state("INSERT OR REPLACE INTO clock VALUES (1, ?)", (NOW + 10 * DAY,))
        core = bench.core()
        drive(operations.list_trusted(core))
        assert core.trust.clock() == NOW + 9 * DAY
        with pytest.raises(TrustError) as caught:
            drive(operations.refresh(bench.core(), ORIGIN))
        assert caught.value.code == "E_TRUST_EXPIRED"
        with pytest.raises(TrustError) as caught:
            bench.pin(trust(expires_at=timestamp(NOW + DAY)))
        assert caught.value.code == "E_TRUST_EXPIRED"

    @pytest.mark.attack("A17")
    def test_a_clock_that_was_set_back_brings_nothing_expired_to_life(self, bench: Bench, server: Simulator) -> None:
        server.publish(release(6, "1.1.0", expires_at=timestamp(NOW + DAY)))
        server.publish(release(1, name="other"))
        bench.load()
        bench.now = NOW + 10 * DAY
        bench.load("other.run")
        bench.now = NOW + DAY // 2
        server.error = DOWN
        assert refusal(bench).code == "E_EXPIRED"
        assert [notice for notice in bench.notices if "clock" in notice] == [
            "this machine's clock is more than a day behind what was verified before: set it right"
        ]

    @pytest.mark.attack("A17")
    def test_a_clock_that_was_set_forward_offline_leaves_no_trace(self, bench: Bench, server: Simulator) -> None:
        server.publish(release(6, "1.1.0", expires_at=timestamp(NOW + 5 * DAY)))
        bench.load()
        server.error = DOWN
        bench.now = NOW + 3_650 * DAY
        assert refusal(bench).code == "E_EXPIRED"
        bench.now = NOW + DAY
        assert bench.load().library.cached

    @pytest.mark.attack("A17")
    def test_a_release_from_the_future_is_refused(self, bench: Bench, server: Simulator) -> None:
        bench.now = NOW - 10 * DAY
        assert refusal(bench).code == "E_CLOCK"
        assert bench.marks() == {}

    def test_the_time_of_a_cached_row_is_not_believed(self, bench: Bench) -> None:
        bench.load()
        bench.close()
        bench.state_path.unlink()
        bench.change("UPDATE command_libraries SET loaded_at = 99999999999")
        bench.load()
        assert bench.state("SELECT latest FROM clock")[0][0] <= NOW


class TestFreshness:
    def test_an_old_copy_still_runs_and_is_pointed_out_once_a_day(self, bench: Bench, server: Simulator) -> None:
        bench.load()
        server.requests.clear()
        for days, notices in ((0.1, 0), (6, 0), (8, 1), (8.5, 1), (9.1, 2)):
            bench.now = NOW + int(days * DAY)
            assert bench.load().library.cached
            assert len(bench.notices) == notices, days
        assert bench.notices[0] == "demo: its server was last asked for a newer release 8 days ago"
        assert server.requests == []


class TestHistory:
    def test_what_is_remembered_is_bounded(self, bench: Bench, server: Simulator) -> None:
        for sequence in range(6, 6 + HISTORY_DIGESTS + 5):
            assert fetch(bench, server, release(sequence, f"1.{sequence}.0")) is None
        rows = bench.state("SELECT min(sequence), max(sequence), count(*) FROM history")
        assert rows == [(11, HISTORY_DIGESTS + 10, HISTORY_DIGESTS)]

    def test_a_retired_key_verifies_what_was_seen_and_nothing_else(self, bench: Bench, server: Simulator) -> None:
        bench.load()
        bench.pin(trust(keys=[entry(KEY, "retired")]))
        assert bench.load().library.cached
        error = fetch(bench, server, release(6, "1.1.0"))
        assert error is not None
        assert error.code == "E_KEY_RETIRED"
        assert fetch(bench, server, release(5)) is None


def test_a_folder_that_cannot_be_written_is_said_once_and_the_run_goes_on(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise StateError("the state database: disk is full")

    monkeypatch.setattr("codi_tui.cache.storage.open_database", full)
    loader = bench.loader(cached=False)
    assert drive(loader.load_command("demo.run")).library.name == "demo"
    (notice,) = bench.notices
    assert "going on" in notice


def test_a_trail_that_cannot_be_written_is_said_and_the_refusal_stands(bench: Bench, server: Simulator) -> None:
    bench.load()
    bench.path.with_name("audit.log").unlink()
    bench.path.with_name("audit.log").mkdir()
    error = fetch(bench, server, release(4))
    assert error is not None
    assert error.code == "E_ROLLBACK"
    assert bench.notices[-1].startswith("the audit trail cannot be written")


def test_marks_that_cannot_be_written_are_said_and_the_run_goes_on(
    bench: Bench, server: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: object, **__: object) -> None:
        raise StateError("the state database: disk is full")

    for method in ("marks.MarkStore.advance", "marks.MarkStore.tell", "quarantine.Quarantine.take"):
        monkeypatch.setattr(f"codi_tui.state.{method}", full)
    assert bench.load()
    bench.change("UPDATE command_libraries SET hash = 'x'")
    assert bench.load()
    assert set(bench.notices[:2]) == {"the state database: disk is full; going on"}
    monkeypatch.undo()
    assert bench.load()
    monkeypatch.setattr("codi_tui.state.marks.MarkStore.tell", full)
    bench.now += 8 * DAY
    assert bench.load()
    assert bench.notices[-1] == "the state database: disk is full; going on"


def test_fetch_errors_are_no_refusals(bench: Bench, server: Simulator) -> None:
    server.error = DOWN
    assert isinstance(refusal(bench), FetchError)
    assert bench.audit() == []
