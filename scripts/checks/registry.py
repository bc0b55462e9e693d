"""Of `codi-registry`, and of folders that stand for library servers."""

from __future__ import annotations

from checks.check import Check

_KEYS = "tests/registry/test_keys.py::"
_RELEASES = "tests/registry/test_releases.py::"
_TRUST = "tests/registry/test_trust_documents.py::"
_FOLDER = "tests/integration/test_folder_origin.py::"

CHECKS = (
    Check(
        "registry: a key file is new",
        "registry/keys.py",
        "os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600",
        "os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600",
        f"{_KEYS}test_a_file_of_one_s_own_is_never_overwritten",
    ),
    Check(
        "registry: a key file is private",
        "registry/keys.py",
        "os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600",
        "os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644",
        f"{_KEYS}test_without_a_keyring_it_is_a_file_of_the_author_s_alone",
    ),
    Check(
        "registry: a key that others can read signs nothing",
        "registry/keys.py",
        'if os.name == "posix" and os.fstat(file.fileno()).st_mode & 0o077:',
        "if False:",
        f"{_KEYS}test_a_key_signs_from_its_place_from_a_file_and_from_stdin",
    ),
    Check(
        "registry: a key's name is taken once",
        "registry/keys.py",
        "if path.exists() or read_secret(_SERVICE, name) is not None:",
        "if path.exists():",
        f"{_KEYS}test_a_keyring_that_works_has_it_and_no_file_does",
    ),
    Check(
        "registry: a keyring gives back what it took",
        "operations/system_keyring.py",
        "    return read_secret(service, name) == secret",
        "    return True",
        f"{_KEYS}test_a_keyring_that_forgets_leaves_it_to_the_file",
    ),
    Check(
        "registry: imports are declared",
        "registry/build.py",
        "    _check(library, imports(project, library))",
        "",
        "tests/registry/test_examples.py::test_build_says_which_permission_is_missing",
    ),
    Check(
        "registry: no module outlives a build that fails",
        "registry/build.py",
        "    project.module_path.unlink(missing_ok=True)",
        "",
        "tests/registry/test_examples.py::test_a_source_that_does_not_compile_leaves_no_older_module",
    ),
    Check(
        "registry: a release's sequence rises",
        "registry/signing.py",
        "if sequence <= last:",
        "if False:",
        f"{_RELEASES}TestSign::test_a_sequence_that_does_not_rise_is_refused",
    ),
    Check(
        "registry: a key signs once",
        "registry/sign.py",
        "if any(claimed == signer for claimed, _ in parse_signatures(signatures, SIGNATURES_MAX)):",
        "if False:",
        f"{_RELEASES}TestSign::test_a_second_key_signs_beside_the_first",
    ),
    Check(
        "registry: what is published is verified as users will",
        "registry/publish.py",
        "trusted = Trusted(public_keys, None if trust is None else read_trust(Path(trust), origin))",
        "trusted = Trusted(public_keys)",
        f"{_FOLDER}test_a_trust_document_decides_for_a_folder_as_for_a_server",
    ),
    Check(
        "registry: a version is published once",
        "registry/publish.py",
        "        _refuse_other_bytes(folder, library)",
        "",
        f"{_RELEASES}TestPublish::test_an_older_release_and_other_bytes_of_a_version_are_refused",
    ),
    Check(
        "registry: what is published rises",
        "registry/publish.py",
        "        _refuse_fall(folder, library)",
        "",
        f"{_RELEASES}TestPublish::test_an_older_release_and_other_bytes_of_a_version_are_refused",
    ),
    Check(
        "registry: no library is called as the folder's own file",
        "registry/publish.py",
        "if library.name in NOT_NAMES:",
        "if False:",
        f"{_RELEASES}TestPublish::test_a_folder_that_is_no_registry_is_left_alone",
    ),
    Check(
        "registry: a trust document is published as users will take it",
        "registry/trust.py",
        "if before is None else advance(before, data)",
        "",
        f"{_TRUST}test_a_step_that_users_would_refuse_is_not_published",
    ),
    Check(
        "registry: a trust document that has expired is not published",
        "registry/trust.py",
        "    document.check_expiry(time.time())",
        "",
        f"{_TRUST}test_a_step_that_users_would_refuse_is_not_published",
    ),
    Check(
        "folder: trusted no more than a server",
        "library/folder.py",
        "    local = False",
        "    local = True",
        f"{_FOLDER}test_what_is_older_or_not_signed_is_not_taken_and_what_is_here_goes_on",
    ),
    Check(
        "folder: a pipe is no file",
        "library/directory.py",
        "if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):",
        "if False:",
        f"{_FOLDER}test_a_pipe_in_place_of_a_file_is_not_waited_for",
    ),
    Check(
        "folder: its path has one spelling",
        "config.py",
        'if not plain or not path.isprintable() or set("%?#\\\\") & set(path):',
        "if False:",
        "tests/unit/test_config.py::test_an_address_that_is_no_origin_is_refused",
    ),
)
