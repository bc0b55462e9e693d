"""Who signed what, and is it current: attacks A4 to A20 on the whole way of a load, by their rows."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from nacl.signing import SigningKey

from codi_tui.errors import CodiError, FetchError, TrustError
from codi_tui.execute import worker
from codi_tui.execute.invocation import Invocation
from codi_tui.execute.process import WorkerExecutor
from codi_tui.limits import SIGNATURES_MAX, TRUST_CHAIN_MAX
from codi_tui.model.times import timestamp
from codi_tui.operations import trust as operations
from codi_tui.operations.core import drive
from codi_tui.operations.explain import STEPS, explain
from codi_tui.trust import Keyring, Permissions, SecurityValidator, TrustedKey, canonical_json
from codi_tui.trust.document import root_fingerprint
from support.libraries import KEY, OTHER_KEY, manifest, signed, subcommand
from support.roots import entry, id_of, root_key, rule, trust
from support.simulator import DOWN, Bench, Simulator
from support.trust import ISSUED, NOW, ORIGIN, document, sign_anything, trusted, v0

HOUR = 60 * 60
THIRD_KEY = SigningKey(b"\x09" * 32)
KEYS = [entry(KEY, "active"), entry(OTHER_KEY, "active"), entry(THIRD_KEY, "active")]
TWO_OF_THREE = [rule("demo", keys=[KEY, OTHER_KEY, THIRD_KEY], threshold=2)]


@pytest.fixture
def server() -> Simulator:
    return Simulator(signed(issued_at=ISSUED))


@pytest.fixture
def bench(tmp_path: Path, server: Simulator) -> Iterator[Bench]:
    bench = Bench(tmp_path, server, remembers=True)
    yield bench
    bench.close()


def refusal(bench: Bench, command: str = "demo.run") -> CodiError:
    with pytest.raises(CodiError) as caught:
        bench.load(command)
    return caught.value


def refused_operation(bench: Bench, server: Simulator) -> CodiError:
    with pytest.raises(CodiError) as caught:
        drive(operations.refresh(bench.core(), ORIGIN))
    return caught.value


def signed_by(*keys: SigningKey, parsed: dict[str, Any] | None = None, **claims: Any) -> dict[str, Any]:
    """A document with a list of signatures."""
    parsed = document() if parsed is None else parsed
    parsed["library"].pop("signature", None)
    parsed["library"].pop("key_id", None)
    parsed["library"] |= claims
    message = json.loads(json.dumps(parsed))
    message["wasm_module"].pop("data", None)
    data = canonical_json(message)
    parsed["library"]["signatures"] = [{"key_id": id_of(key), "sig": key.sign(data).signature.hex()} for key in keys]
    return parsed


def dumped(parsed: dict[str, Any]) -> bytes:
    return json.dumps(parsed).encode()


@pytest.mark.attack("A4")
class TestFreeze:
    def test_a_server_that_replays_a_release_for_ever_is_found_out_at_its_end(
        self, bench: Bench, server: Simulator
    ) -> None:
        server.publish(signed(manifest(library={"expires_at": timestamp(NOW + HOUR)}), issued_at=ISSUED))
        bench.load()
        bench.now = NOW + HOUR
        assert refusal(bench).code == "E_EXPIRED"
        steps = {step.name: step for step in drive(explain(bench.core(), ORIGIN, "demo"))}
        assert steps["times"].ok is False

    def test_a_server_that_hides_new_trust_documents_is_found_out_at_the_end_of_the_old(
        self, bench: Bench, server: Simulator
    ) -> None:
        bench.pin(trust(expires_at=timestamp(NOW + HOUR)))
        bench.load()
        bench.now = NOW + HOUR
        error = refusal(bench)
        assert error.code == "E_TRUST_EXPIRED"
        assert "refresh" in str(error.hint)
        server.trust[2] = trust(2)
        assert bench.load().library.name == "demo"

    def test_an_expired_trust_document_is_not_pinned(self, bench: Bench) -> None:
        with pytest.raises(TrustError) as caught:
            bench.pin(trust(expires_at=timestamp(NOW)))
        assert caught.value.code == "E_TRUST_EXPIRED"
        assert drive(bench.keeper().documents.list_documents()) == []


@pytest.mark.attack("A8")
class TestNamespace:
    def test_a_key_of_one_team_signs_nothing_of_another(self, bench: Bench, server: Simulator) -> None:
        bench.pin(trust(keys=KEYS, rules=[rule("demo", keys=[KEY]), rule("other", keys=[OTHER_KEY])]))
        server.publish(signed(key=OTHER_KEY, issued_at=ISSUED))
        server.publish(signed(manifest("other"), key=OTHER_KEY, issued_at=ISSUED))
        for _ in range(2):
            assert refusal(bench).code == "E_KEY_SCOPE"
            assert bench.load("other.run").library.rule == "other"

    def test_a_name_without_a_rule_is_nobody_s(self, bench: Bench) -> None:
        bench.pin(trust(rules=[rule("other")]))
        assert refusal(bench).code == "E_KEY_SCOPE"

    def test_the_document_decides_and_the_settings_keys_do_not_count(self, bench: Bench, server: Simulator) -> None:
        bench.load()
        bench.pin(trust(keys=[entry(OTHER_KEY, "active")], rules=[rule(keys=[OTHER_KEY])]))
        assert refusal(bench).code == "E_SIGNATURE"
        assert f"{ORIGIN} has a trust document, which decides; its keys in the settings are not used" in bench.notices
        assert drive(operations.unpin(bench.core(), ORIGIN))
        assert bench.load().library.name == "demo"
        assert not drive(operations.unpin(bench.core(), ORIGIN))

    def test_the_oldest_form_is_not_accepted_under_a_trust_document(self, tmp_path: Path) -> None:
        bench = Bench(
            tmp_path, Simulator(sign_anything(v0())), keys={ORIGIN: [trusted(accept_v0=True)]}, remembers=True
        )
        bench.pin(trust())
        assert refusal(bench).code == "E_TYPE"
        bench.close()

    def test_more_candidates_than_the_bound_are_refused_as_a_document_is_read(self, bench: Bench) -> None:
        many = [SigningKey(bytes([number]) * 32) for number in range(1, 18)]
        with pytest.raises(CodiError) as caught:
            bench.pin(trust(keys=[entry(key, "active") for key in many], rules=[rule(keys=many)]))
        assert caught.value.code == "E_TRUST_DOCUMENT"


@pytest.mark.attack("A11")
class TestThreshold:
    def test_one_signature_of_two_is_too_few(self, bench: Bench, server: Simulator) -> None:
        bench.pin(trust(keys=KEYS, rules=TWO_OF_THREE))
        assert refusal(bench).code == "E_THRESHOLD"
        server.publish(dumped(signed_by(KEY)))
        assert refusal(bench).code == "E_THRESHOLD"
        assert bench.refusals() == ["E_THRESHOLD"] * 2
        assert bench.marks() == {}

    def test_two_signatures_of_three_are_enough_and_are_checked_again_from_the_cache(
        self, bench: Bench, server: Simulator
    ) -> None:
        bench.pin(trust(keys=KEYS, rules=TWO_OF_THREE))
        server.publish(dumped(signed_by(OTHER_KEY, THIRD_KEY)))
        first = bench.load().library
        assert [key.key_id for key in first.keys] == [id_of(OTHER_KEY), id_of(THIRD_KEY)]
        again = bench.load().library
        assert (again.cached, again.threshold, again.signature) == (True, 2, first.signature)
        bench.change(
            "UPDATE command_libraries SET metadata = json_set(metadata, '$.signature[1].sig', ?)", ("0" * 128,)
        )
        bench.offline = True
        assert refusal(bench).code == "E_THRESHOLD"

    def test_a_worker_verifies_all_of_the_signatures_again(self, bench: Bench, server: Simulator) -> None:
        bench.pin(trust(keys=KEYS, rules=TWO_OF_THREE))
        server.publish(dumped(signed_by(root_key(5), OTHER_KEY, THIRD_KEY)))
        resolved = bench.load()
        library = resolved.library
        permissions = Permissions(library, "demo.run", ())
        invocation = Invocation(library, resolved.definition, {}, permissions)
        request = WorkerExecutor("", "", bench.loader().load_module)._request(invocation, resolved.definition.handler)
        request = json.loads(json.dumps(request))
        again, _ = drive(worker._verify(request, library.message))
        assert (again.digest, again.keys[1].key_id) == (library.digest, id_of(THIRD_KEY))
        forged = [{**entry_, "sig": "0" * 128} for entry_ in request["signature"]]
        for lie, code in (
            ({"signature": forged[:2] + request["signature"][2:]}, "E_THRESHOLD"),
            ({"signature": forged}, "E_SIGNATURE"),
            ({"public_keys": request["public_keys"][:1]}, "E_THRESHOLD"),
        ):
            with pytest.raises(TrustError) as caught:
                drive(worker._verify({**request, **lie}, library.message))
            assert caught.value.code == code

    def test_a_stranger_s_signature_does_no_harm_and_does_not_count(self, bench: Bench, server: Simulator) -> None:
        bench.pin(trust(keys=KEYS, rules=TWO_OF_THREE))
        server.publish(dumped(signed_by(root_key(5), KEY)))
        assert refusal(bench).code == "E_THRESHOLD"
        server.publish(dumped(signed_by(root_key(5), KEY, OTHER_KEY)))
        assert len(bench.load().library.keys) == 2

    @pytest.mark.attack("A12")
    def test_one_key_counts_once(self, bench: Bench, server: Simulator) -> None:
        bench.pin(trust(keys=KEYS, rules=TWO_OF_THREE))
        parsed = signed_by(KEY, KEY)
        server.publish(dumped(parsed))
        assert refusal(bench).code == "E_THRESHOLD"
        parsed["library"]["signatures"][1]["key_id"] = id_of(OTHER_KEY)
        server.publish(dumped(parsed))
        assert refusal(bench).code == "E_THRESHOLD"

    @pytest.mark.attack("A12")
    def test_one_public_key_under_two_entries_of_the_settings_counts_once(self) -> None:
        keys = [TrustedKey(bytes(KEY.verify_key).hex(), ["demo"]) for _ in range(2)]
        validator = SecurityValidator(Keyring({ORIGIN: keys}, threshold=2), lambda: NOW)
        with pytest.raises(TrustError) as caught:
            drive(validator.admit(dumped(signed_by(KEY, KEY)), origin=ORIGIN, name="demo"))
        assert caught.value.code == "E_THRESHOLD"

    def test_a_revoked_or_retired_key_does_not_count_towards_it(self, bench: Bench, server: Simulator) -> None:
        server.publish(dumped(signed_by(KEY, OTHER_KEY)))
        for status, code in (("revoked", "E_KEY_REVOKED"), ("retired", "E_KEY_RETIRED")):
            keys = [entry(KEY, "active"), entry(OTHER_KEY, status), entry(THIRD_KEY, "active")]
            bench.pin(trust(keys=keys, rules=TWO_OF_THREE))
            assert refusal(bench).code == code
            drive(operations.unpin(bench.core(), ORIGIN))

    def test_enough_active_keys_beside_a_revoked_one_are_enough(self, bench: Bench, server: Simulator) -> None:
        keys = [entry(KEY, "active"), entry(OTHER_KEY, "revoked"), entry(THIRD_KEY, "active")]
        bench.pin(trust(keys=keys, rules=TWO_OF_THREE))
        server.publish(dumped(signed_by(OTHER_KEY, KEY, THIRD_KEY)))
        assert [key.key_id for key in bench.load().library.keys] == [id_of(KEY), id_of(THIRD_KEY)]

    def test_a_key_that_it_names_has_to_be_one_that_signed(self, bench: Bench, server: Simulator) -> None:
        server.publish(dumped(signed_by(KEY, key_id=id_of(KEY))))
        assert bench.load().library.key_id == id_of(KEY)
        server.publish(dumped(signed_by(KEY, key_id=id_of(OTHER_KEY), sequence=2)))
        with pytest.raises(TrustError) as caught:
            drive(bench.loader()._fetch(server, "demo"))  # type: ignore[arg-type]
        assert caught.value.code == "E_SIGNATURE"

    @pytest.mark.parametrize(
        "signatures",
        [
            [],
            None,
            {},
            "x",
            [5],
            [{"key_id": 5, "sig": "0" * 128}],
            [{"sig": "0" * 128}],
            [{"key_id": "x", "sig": "0"}],
        ],
    )
    def test_a_list_of_signatures_has_one_form(self, bench: Bench, server: Simulator, signatures: object) -> None:
        parsed = signed_by(KEY)
        parsed["library"]["signatures"] = signatures
        server.publish(dumped(parsed))
        assert refusal(bench).code == "E_SIGNATURE"

    def test_more_signatures_than_the_bound_are_refused(self, bench: Bench, server: Simulator) -> None:
        server.publish(dumped(signed_by(*[KEY] * (SIGNATURES_MAX + 1))))
        assert refusal(bench).code == "E_SIGNATURE"
        server.publish(dumped(signed_by(*[KEY] * SIGNATURES_MAX)))
        assert bench.load()

    def test_a_document_is_not_signed_in_two_ways(self, bench: Bench, server: Simulator) -> None:
        parsed = signed_by(KEY)
        parsed["library"]["signature"] = parsed["library"]["signatures"][0]["sig"]
        server.publish(dumped(parsed))
        assert refusal(bench).code == "E_SIGNATURE"

    @pytest.mark.attack("B10")
    def test_a_header_is_one_of_the_signatures(self, bench: Bench, server: Simulator) -> None:
        parsed = signed_by(KEY)
        server.publish(dumped(parsed))
        server.header = "0" * 128
        assert refusal(bench).code == "E_HEADER"
        server.header = parsed["library"]["signatures"][0]["sig"]
        assert bench.load()


@pytest.mark.attack("A14")
class TestRotation:
    def test_a_document_that_only_its_new_root_signed_is_refused_and_the_old_one_stays(
        self, bench: Bench, server: Simulator
    ) -> None:
        bench.pin(trust())
        server.trust[2] = trust(2, (1,), root=(1,), keys=[entry(OTHER_KEY, "active")], rules=[rule(keys=[OTHER_KEY])])
        bench.now += 2 * HOUR
        assert bench.load().library.key_id == id_of(KEY)
        (notice,) = [notice for notice in bench.notices if "refused" in notice]
        assert notice.startswith(f"a new trust document of {ORIGIN} was refused (E_THRESHOLD)")
        assert bench.refusals() == ["E_THRESHOLD"]
        assert refused_operation(bench, server).code == "E_THRESHOLD"

    def test_a_new_document_is_taken_in_when_the_server_is_asked_anyway(self, bench: Bench, server: Simulator) -> None:
        bench.pin(trust())
        server.trust[2] = trust(2, (0, 1), root=(1,))
        server.trust[3] = trust(3, (1,), root=(1,), keys=KEYS, rules=[rule(keys=[OTHER_KEY])])
        server.publish(signed(key=OTHER_KEY, issued_at=ISSUED))
        bench.now += 2 * HOUR
        assert bench.load().library.key_id == id_of(OTHER_KEY)
        assert [request for request in server.requests if "trust" in request] == ["trust/2", "trust/3", "trust/4"]
        (entry_,) = drive(operations.list_trusted(bench.core()))
        assert (entry_.document.version, entry_.fresh) == (3, True)
        assert entry_.fingerprint == root_fingerprint(trust())

    def test_within_the_hour_and_from_the_cache_nothing_is_asked(self, bench: Bench, server: Simulator) -> None:
        bench.pin(trust())
        bench.load()
        bench.now += 2 * HOUR
        bench.load()
        assert [request for request in server.requests if "trust" in request] == []

    def test_a_server_that_is_down_is_said_and_the_old_document_stays(self, bench: Bench, server: Simulator) -> None:
        bench.pin(trust())

        async def down(version: int | None = None) -> bytes:
            raise DOWN

        server.fetch_trust = down  # type: ignore[method-assign]
        bench.now += 2 * HOUR
        assert bench.load()
        assert bench.notices[-1] == f"the trust document of {ORIGIN} could not be refreshed: {DOWN.message}"

    def test_a_document_that_another_process_took_in_first_is_no_error(self, bench: Bench, server: Simulator) -> None:
        bench.pin(trust())
        server.trust[2] = trust(2)
        core = bench.core()
        before = drive(core.trust.documents.get(ORIGIN)).restored()
        assert drive(operations.refresh(bench.core(), ORIGIN)).now.version == 2
        document = drive(core.trust.documents.get(ORIGIN)).restored()
        assert drive(core.trust.documents.put(document, before, NOW)) == (False, [])
        assert len([line for line in bench.audit() if line["event"] == "trust"]) == 1

    @pytest.mark.attack("A15")
    def test_an_endless_chain_is_cut_and_can_be_taken_up(self, bench: Bench, server: Simulator) -> None:
        bench.pin(trust())

        async def endless(version: int | None = None) -> bytes:
            assert version is not None
            return trust(version)

        server.fetch_trust = endless  # type: ignore[method-assign]
        began = time.monotonic()
        assert refused_operation(bench, server).code == "E_TRUST_CHAIN"
        assert time.monotonic() - began < 5
        (entry_,) = drive(operations.list_trusted(bench.core()))
        assert entry_.document.version == 1 + TRUST_CHAIN_MAX

    def test_a_server_that_gives_the_same_document_for_the_next_ends_the_refresh(
        self, bench: Bench, server: Simulator
    ) -> None:
        bench.pin(trust())
        server.trust[2] = trust()
        assert isinstance(refused_operation(bench, server), FetchError)


@pytest.mark.attack("A16")
class TestFirstUse:
    def test_nothing_is_trusted_by_itself(self, bench: Bench, server: Simulator) -> None:
        server.trust[1] = trust()
        bench.keys = {}
        assert refusal(bench).code == "E_NO_TRUST"
        assert drive(bench.keeper().documents.list_documents()) == []

    def test_what_a_server_offers_is_shown_and_not_believed(self, bench: Bench, server: Simulator) -> None:
        bench.keys = {}
        server.trust[1] = trust()
        offer = drive(operations.offered(bench.core(), ORIGIN))
        assert refusal(bench).code == "E_NO_TRUST"
        drive(operations.pin(bench.core(), ORIGIN, offer.data, offer.fingerprint))
        assert bench.load().library.name == "demo"

    def test_another_root_is_not_pinned_over_the_first(self, bench: Bench) -> None:
        bench.pin(trust())
        bench.pin(trust())
        with pytest.raises(TrustError) as caught:
            bench.pin(trust(1, (1,), root=(1,)))
        assert caught.value.code == "E_PINNED"
        assert [line["event"] for line in bench.audit()] == ["pin"]

    def test_a_server_that_is_not_in_the_settings_is_not_pinned(self, bench: Bench) -> None:
        with pytest.raises(CodiError) as caught:
            bench.pin(trust(), origin="https://other.example.com")
        assert caught.value.code == "E_NOT_FOUND"

    def test_a_refresh_without_a_pinned_document_is_refused(self, bench: Bench, server: Simulator) -> None:
        assert refused_operation(bench, server).code == "E_NO_TRUST"


@pytest.mark.attack("A18")
class TestReservedNames:
    @pytest.mark.parametrize("reserved", ["demo", "group"])
    def test_a_name_that_the_operator_keeps_free_is_refused_fetched_and_cached(
        self, bench: Bench, server: Simulator, reserved: str
    ) -> None:
        commands = {"group": {"description": "", "subcommands": {"run": subcommand()}}}
        server.publish(signed(manifest("demo", commands=commands), issued_at=ISSUED))
        assert bench.load("group.run")
        bench.pin(trust(reserved=[reserved]))
        assert refusal(bench, "group.run").code == "E_NAME_RESERVED"
        assert len(bench.rows("SELECT id FROM command_libraries")) == 1


class TestWithdrawn:
    def test_a_release_below_the_floor_is_refused_fetched_cached_and_pinned(
        self, bench: Bench, server: Simulator
    ) -> None:
        digest = bench.load().library.digest
        bench.pin(trust(min_sequence={"demo": 2}))
        error = refusal(bench)
        assert error.code == "E_ROLLBACK"
        assert "withdrawn by its publisher" in error.message
        with pytest.raises(TrustError):
            drive(bench.loader().load_library(server, "demo", digest=digest))  # type: ignore[arg-type]
        server.publish(signed(manifest(version="1.0.1"), sequence=2, issued_at=ISSUED))
        assert bench.load().library.sequence == 2


class TestExplanation:
    def steps(self, bench: Bench) -> dict[str, Any]:
        steps = drive(explain(bench.core(), ORIGIN, "demo"))
        trusted = all(step.ok for step in steps)
        assert [step.name for step in steps] == [*(name for name, _ in STEPS), *(["grants"] if trusted else [])]
        return {step.name: step for step in steps}

    def test_every_step_of_a_library_that_would_run(self, bench: Bench) -> None:
        bench.pin(trust())
        library = bench.load().library
        steps = self.steps(bench)
        assert all(step.ok for step in steps.values())
        assert steps["trust"].facts["version"] == 1
        assert steps["rule"].facts == {"pattern": "*", "threshold": 1}
        assert steps["keys"].facts == {id_of(KEY): {"status": "active", "reason": ""}}
        assert steps["sequence"].facts["mark_digest"] == library.digest
        assert steps["sequence"].facts["fresh"] is True

    def test_what_comes_after_the_refusal_was_not_reached(self, bench: Bench) -> None:
        bench.load()
        bench.pin(trust(keys=[entry(KEY, "revoked")]))
        steps = self.steps(bench)
        assert steps["signatures"].ok is None  # a revoked key's are not looked at
        assert (steps["keys"].ok, steps["keys"].error.code) == (False, "E_KEY_REVOKED")
        assert steps["sequence"].ok is None

    def test_a_library_that_is_not_here(self, bench: Bench) -> None:
        steps = self.steps(bench)
        assert steps["stored"].ok is False
        assert steps["trust"].facts == {"from": "settings", "keys": 1}

    def test_the_settings_alone(self, bench: Bench) -> None:
        (entry_,) = drive(operations.list_trusted(bench.core()))
        assert (entry_.document, entry_.keys, entry_.fresh) == (None, 1, False)
