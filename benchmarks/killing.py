"""kill -9 of the library server at random moments while releases are published.

Usage: python benchmarks/killing.py [PUBLISHES]     (default 200; a kill for about every fourth)

Every release that was acknowledged is there, whole; what can be seen of any other is whole too.
"""

from __future__ import annotations

import hashlib
import json
import random
import sys
import tempfile
import threading
import time
from pathlib import Path

import httpx
from serving import KEY, Serving, library

from codi_tui.operations.core import drive
from codi_tui.trust import Keyring, SecurityValidator, TrustedKey

LIBRARIES = 5
EVERY = 4
"""Publishes for each kill."""


class Publishing:
    """The publisher: goes on until all is published, whatever happens to the server.

    Attributes:
        acknowledged: what the server said it has, and the digest that it named.
    """

    def __init__(self, folder: Path, publishes: int) -> None:
        self.data = folder / "data"
        self.server = Serving(self.data)
        self.token = self.server.token("library:*", "publish:*")
        self.wanted = [(f"lib-{number % LIBRARIES}", 1 + number // LIBRARIES) for number in range(publishes)]
        self.documents = {item: library(*item) for item in self.wanted}
        self.acknowledged: dict[tuple[str, int], str] = {}
        self.cut = self.kills = 0

    def run(self) -> None:
        """Publish everything, and look at everything after each kill."""
        for item in self.wanted:
            while item not in self.acknowledged:
                killer = self._killer()
                try:
                    self.acknowledged[item] = self._publish(item)
                except httpx.HTTPError:
                    self.cut += 1
                if killer is not None:
                    killer.join()
                    self.server = Serving(self.data)
                    self.look()
        self.look()
        self.server.stop()

    def look(self) -> None:
        """Refuse anything that is missing or half there."""
        with self._client() as client:
            for name in {name for name, _ in self.wanted}:
                listed = client.get(f"/api/v1/libraries/{name}/versions", params={"limit": 200})
                seen = {item["version"]: item for item in listed.json().get("versions", ())}
                known = {f"1.{sequence}.0" for other, sequence in self.acknowledged if other == name}
                assert known <= set(seen), f"{name}: {known - set(seen)} were acknowledged, and are gone"
                for item in seen.values():
                    self._check(client, name, item)
                if seen:
                    assert client.get(f"/api/v1/commands/{name}.count").json() == {"library": name}

    def _check(self, client: httpx.Client, name: str, item: dict[str, str]) -> None:
        answer = client.get(f"/api/v1/libraries/{name}", params={"version": item["version"]})
        assert hashlib.sha256(answer.content).hexdigest() == item["document"] == answer.headers["etag"].strip('"')
        keyring = Keyring({client.base_url.host: [TrustedKey(bytes(KEY.verify_key).hex(), ["*"])]})
        validator = SecurityValidator(keyring, time.time)
        found = drive(validator.admit(answer.content, origin=client.base_url.host, name=name))
        assert found.digest == item["digest"]
        module = client.get(f"/api/v1/blobs/sha256/{found.module_digest}").content
        assert hashlib.sha256(module).hexdigest() == found.module_digest

    def _publish(self, item: tuple[str, int]) -> str:
        name, sequence = item
        with self._client() as client:
            answer = client.put(
                f"/api/v1/libraries/{name}/1.{sequence}.0",
                content=self.documents[item],
                headers={"content-type": "application/json"},
            )
        assert answer.status_code in (200, 201), answer.text
        return str(answer.json()["digest"])

    def _killer(self) -> threading.Thread | None:
        """Now and then, and the first time, one who ends the server within the time that a publish takes."""
        if self.kills and random.random() * EVERY >= 1:  # noqa: S311 - no secret
            return None
        self.kills += 1
        delay, server = random.uniform(0, 0.06), self.server  # noqa: S311 - no secret
        thread = threading.Thread(target=lambda: (time.sleep(delay), server.kill()))
        thread.start()
        return thread

    def _client(self) -> httpx.Client:
        headers = {"authorization": f"Bearer {self.token}"}
        return httpx.Client(base_url=self.server.origin, headers=headers, timeout=30, trust_env=False)


def main() -> int:
    """Print what happened; an assertion that fails says what was lost."""
    publishes = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        publishing = Publishing(Path(folder), publishes)
        try:
            publishing.run()
        finally:
            publishing.server.kill()
        left = len(list((publishing.data / "server/incoming").iterdir()))
    print(
        json.dumps(
            {
                "acknowledged": len(publishing.acknowledged),
                "kills": publishing.kills,
                "cut_off": publishing.cut,
                "left_over_files": left,
                "seconds": round(time.monotonic() - began),
            }
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
