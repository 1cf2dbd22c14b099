"""Node and the pinned web runtime: found, verified, or refused whole."""

from __future__ import annotations

import base64
import hashlib
import io
import subprocess
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from zoo.errors import OutsideError
from zoo.sources import _node
from zoo.sources._node import WASM_UTILS, NpmPackage, check_integrity, install, litertjs_package, node_binary, unpack


def _tarball(path: Path, *members: tuple[str, bytes | None, str]) -> NpmPackage:
    """Members are (name, content or None for a link, link target); the package's integrity is that of the file."""
    with tarfile.open(path, "w:gz") as archive:
        for name, content, link in members:
            member = tarfile.TarInfo(name)
            if content is None:
                member.type, member.linkname = tarfile.SYMTYPE, link
                archive.addfile(member)
            else:
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    digest = base64.b64encode(hashlib.sha512(path.read_bytes()).digest()).decode()
    return NpmPackage(name="@zoo/made", version="1.0.0", integrity=f"sha512-{digest}")


def test_node_runs() -> None:
    done = subprocess.run([str(node_binary()), "--version"], capture_output=True, text=True, check=True)

    assert done.stdout.startswith("v24.")


def test_the_web_runtime_is_whole_and_cached(web_runtime: Path) -> None:
    assert (web_runtime / "dist" / "index.js").is_file()
    assert (web_runtime / "wasm" / "litert_wasm_internal.wasm").is_file()
    assert (web_runtime / "node_modules" / "@litertjs" / "wasm-utils" / "package.json").is_file()
    assert litertjs_package() == web_runtime


def test_without_network_and_cache_the_one_sentence_says_what_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "npm"))
    monkeypatch.setenv("npm_config_offline", "true")

    with pytest.raises(OutsideError, match=r"npm could not fetch @litertjs/core@2\.5\.3 .*check the network") as caught:
        litertjs_package()

    assert caught.value.exit_code == 3
    assert "\n" not in str(caught.value)
    assert not any(path.is_dir() for path in (tmp_path / "cache" / "npm").iterdir())


def test_a_package_with_other_bytes_than_pinned_is_refused_whole(web_runtime: Path, tmp_path: Path) -> None:
    """The real tarball from the registry, held against a pin of other bytes."""
    pinned = "sha512-" + base64.b64encode(bytes(64)).decode()
    folder = tmp_path / "npm" / "wasm-utils"

    with pytest.raises(OutsideError) as caught:
        install(folder, replace(WASM_UTILS, integrity=pinned), needs=())

    if "npm could not fetch" in str(caught.value):
        pytest.skip(str(caught.value))
    assert pinned in str(caught.value)
    assert WASM_UTILS.integrity in str(caught.value)
    assert not folder.exists()
    assert not any(path.is_dir() for path in folder.parent.iterdir())


def test_one_changed_byte_is_noticed(tmp_path: Path) -> None:
    tarball = tmp_path / "made.tgz"
    package = _tarball(tarball, ("package/index.js", b"export {};", ""))
    check_integrity(tarball, package)

    tarball.write_bytes(tarball.read_bytes()[:-1] + b"\x01")

    with pytest.raises(OutsideError, match="is pinned"):
        check_integrity(tarball, package)


def test_files_are_unpacked_below_the_top_folder(tmp_path: Path) -> None:
    package = _tarball(tmp_path / "made.tgz", ("package/dist/index.js", b"export {};", ""), ("package/a", b"", ""))

    unpack(tmp_path / "made.tgz", tmp_path / "out", package)

    assert (tmp_path / "out" / "dist" / "index.js").read_bytes() == b"export {};"
    assert (tmp_path / "out" / "a").read_bytes() == b""


@pytest.mark.parametrize(
    "member",
    [
        ("package/../../escaped", b"x", ""),
        ("/escaped", b"x", ""),
        ("package/link", None, "/etc/passwd"),
        ("package\\..\\escaped", b"x", ""),
    ],
)
def test_paths_that_leave_the_folder_and_links_are_refused(
    member: tuple[str, bytes | None, str], tmp_path: Path
) -> None:
    package = _tarball(tmp_path / "made.tgz", member)

    with pytest.raises(OutsideError, match="not unpacked"):
        unpack(tmp_path / "made.tgz", tmp_path / "below" / "out", package)

    assert not list(tmp_path.rglob("escaped"))
    assert not list(tmp_path.rglob("link"))


def test_what_is_too_large_is_refused_before_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_node, "_MOST_UNPACKED_BYTES", 100)
    package = _tarball(tmp_path / "made.tgz", ("package/large", bytes(101), ""))

    with pytest.raises(OutsideError, match="not unpacked"):
        unpack(tmp_path / "made.tgz", tmp_path / "out", package)

    assert not (tmp_path / "out" / "large").exists()


def test_a_damaged_tarball_is_one_sentence(tmp_path: Path) -> None:
    package = _tarball(tmp_path / "made.tgz", ("package/a", bytes(5000), ""))
    (tmp_path / "made.tgz").write_bytes((tmp_path / "made.tgz").read_bytes()[:40])

    with pytest.raises(OutsideError, match="damaged"):
        unpack(tmp_path / "made.tgz", tmp_path / "out", package)
