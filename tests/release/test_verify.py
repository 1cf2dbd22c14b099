"""`verify-release` finds what was altered, with a key also by whom, and says what an unsigned one cannot prove."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from tests.release._keys import KeyPair, make_keys
from tests.release._releases import make_release, publish_to
from zoo.errors import InputError, RefusedError, ZooError
from zoo.release import verify_release

MODEL = "face_detector_sparse.tflite"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> KeyPair:
    return make_keys(tmp_path_factory.mktemp("keys"), "ours")


@pytest.fixture(scope="module")
def other_keys(tmp_path_factory: pytest.TempPathFactory) -> KeyPair:
    return make_keys(tmp_path_factory.mktemp("keys"), "theirs")


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory, keys: KeyPair, other_keys: KeyPair) -> dict[str, Path]:
    """The same release unsigned, signed by us, signed by others; and another one signed by us."""
    place = tmp_path_factory.mktemp("published")
    release = make_release(place / "build")
    swapped = make_release(place / "swapped", payload=b"swapped" * 700)
    made = {"unsigned": (release, None), "ours": (release, keys), "theirs": (release, other_keys)}
    for name, (folder, pair) in (made | {"swapped": (swapped, keys)}).items():
        publish_to(folder, f"dir:{place / name}", key=pair.private if pair else None)
    return {name: place / name / "face_detector/0.1.0" for name in ("unsigned", "ours", "theirs", "swapped")}


@pytest.fixture
def copy_of(published: dict[str, Path], tmp_path: Path) -> Callable[[str], Path]:
    return lambda name: Path(shutil.copytree(published[name], tmp_path / "release"))


def tamper(folder: Path) -> None:
    content = bytearray((folder / MODEL).read_bytes())
    content[100] ^= 1
    (folder / MODEL).write_bytes(content)


def rewrite_manifest(folder: Path, **changes: object) -> None:
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes, indent=1))


def test_a_release_as_it_was_published_holds(published: dict[str, Path], keys: KeyPair) -> None:
    plain, signed = verify_release(published["unsigned"]), verify_release(published["ours"], key=keys.public)
    assert (plain.signed, plain.key) == (False, None)
    assert signed.signed
    assert signed.key is not None
    assert signed.files == plain.files + 1 == sum(path.is_file() for path in published["ours"].rglob("*"))
    assert "holder of this key signed it" in signed.proves


def test_what_an_unsigned_or_unchecked_signature_proves_is_said(published: dict[str, Path]) -> None:
    assert "whoever could change a file could change the manifest" in verify_release(published["unsigned"]).proves
    assert "signed, which was not checked" in verify_release(published["ours"]).proves


@pytest.mark.parametrize("with_key", [False, True])
@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (tamper, f"{MODEL} is not the file that the manifest lists"),
        (lambda folder: (folder / MODEL).unlink(), f"{MODEL} is in the manifest but not there"),
        (lambda folder: (folder / "extra.py").write_text("x"), r"extra\.py is not in the manifest"),
        (lambda folder: (folder / "README.md").write_text("other"), r"README\.md is not the file"),
        (
            lambda folder: (folder / "records/bench.json").unlink(),
            r"records/bench\.json is in the manifest but not there",
        ),
        (lambda folder: (folder / "manifest.json").write_text("{"), r"manifest\.json: field 'the document'"),
        (lambda folder: (folder / "more").symlink_to("/etc/passwd"), "more is a link or special file"),
        (
            lambda folder: (folder / "CHANGELOG.md").rename(folder / "changes.md"),
            r"CHANGELOG\.md is in the manifest but",
        ),
    ],
)
def test_a_changed_release_is_refused_in_one_sentence(
    change: Callable[[Path], object], sentence: str, with_key: bool, copy_of: Callable[[str], Path], keys: KeyPair
) -> None:
    folder = copy_of("ours")
    change(folder)
    with pytest.raises(RefusedError, match=sentence) as caught:
        verify_release(folder, key=keys.public if with_key else None)
    assert caught.value.exit_code == 1
    assert "\n" not in str(caught.value)


def test_a_swapped_model_with_a_manifest_to_match_is_caught_by_the_key(
    copy_of: Callable[[str], Path], published: dict[str, Path], keys: KeyPair
) -> None:
    folder = copy_of("ours")
    for path in published["swapped"].rglob("*"):
        if path.is_file() and path.name != "model.sig":
            shutil.copyfile(path, folder / path.relative_to(published["swapped"]))
    assert verify_release(folder).proves.startswith("Every file is as its manifest lists it")
    with pytest.raises(RefusedError, match="was changed after it was signed"):
        verify_release(folder, key=keys.public)


def test_a_swapped_model_in_the_manifest_alone_is_caught_by_the_records(
    copy_of: Callable[[str], Path], published: dict[str, Path]
) -> None:
    folder = copy_of("unsigned")
    content = (published["swapped"] / MODEL).read_bytes()
    (folder / MODEL).write_bytes(content)
    swapped = json.loads((published["swapped"] / "manifest.json").read_text())
    entry = next(one for one in swapped["files"] if one["path"] == MODEL)
    files = json.loads((folder / "manifest.json").read_text())["files"]
    rewrite_manifest(folder, files=[entry if one["path"] == MODEL else one for one in files])
    with pytest.raises(RefusedError, match="is not the file that the records of face_detector measured"):
        verify_release(folder)


def test_another_key_is_told_apart(published: dict[str, Path], keys: KeyPair) -> None:
    with pytest.raises(RefusedError, match="was signed with another key than"):
        verify_release(published["theirs"], key=keys.public)


def test_a_signature_that_claims_our_key_but_is_by_another_is_refused(
    copy_of: Callable[[str], Path], published: dict[str, Path], keys: KeyPair
) -> None:
    folder = copy_of("theirs")
    bundle = json.loads((folder / "model.sig").read_text())
    ours = json.loads((published["ours"] / "model.sig").read_text())
    bundle["verificationMaterial"] = ours["verificationMaterial"]
    (folder / "model.sig").write_text(json.dumps(bundle))
    with pytest.raises(RefusedError, match="has a signature that is not by"):
        verify_release(folder, key=keys.public)


def test_a_missing_signature_is_refused_where_a_key_is_given(published: dict[str, Path], keys: KeyPair) -> None:
    with pytest.raises(RefusedError, match=r"is not signed, so .* proves nothing about it"):
        verify_release(published["unsigned"], key=keys.public)


def test_the_manifest_is_signed_too(copy_of: Callable[[str], Path], keys: KeyPair) -> None:
    folder = copy_of("ours")
    rewrite_manifest(folder, command="zoo build face_detector --data all")
    verify_release(folder)
    with pytest.raises(RefusedError, match="was changed after it was signed"):
        verify_release(folder, key=keys.public)


def without_statement(bundle: dict[str, dict[str, object]]) -> None:
    bundle["dsseEnvelope"]["payload"] = base64.b64encode(b"{}").decode()


@pytest.mark.parametrize(
    "content",
    ["", "{}", "[]", "null", "[" * 100_000, '{"mediaType": 1}', '{"verificationMaterial": {"publicKey": {}}}'],
)
def test_what_is_no_signature_is_refused_and_prints_nothing(
    content: str, copy_of: Callable[[str], Path], keys: KeyPair, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = copy_of("ours")
    (folder / "model.sig").write_text(content)
    with pytest.raises(RefusedError, match="has a signature that cannot be read"):
        verify_release(folder, key=keys.public)
    assert capsys.readouterr() == ("", "")


def test_a_signature_of_something_else_is_refused(copy_of: Callable[[str], Path], keys: KeyPair) -> None:
    folder = copy_of("ours")
    bundle = json.loads((folder / "model.sig").read_text())
    without_statement(bundle)
    (folder / "model.sig").write_text(json.dumps(bundle))
    with pytest.raises(RefusedError, match="has a signature that is not by"):
        verify_release(folder, key=keys.public)


def test_an_endless_signature_is_not_read(copy_of: Callable[[str], Path], keys: KeyPair) -> None:
    folder = copy_of("ours")
    with (folder / "model.sig").open("wb") as stream:
        stream.truncate(1 << 40)
    with pytest.raises(RefusedError, match="larger than any signature"):
        verify_release(folder, key=keys.public)


@pytest.mark.parametrize("curve", [ec.SECP384R1(), ec.SECP521R1()], ids=["P-384", "P-521"])
def test_larger_curves_sign_too(curve: ec.EllipticCurve, tmp_path: Path) -> None:
    pair = make_keys(tmp_path, "large", curve)
    publish_to(make_release(tmp_path / "build"), f"dir:{tmp_path / 'to'}", key=pair.private)
    assert verify_release(tmp_path / "to/face_detector/0.1.0", key=pair.public).key


def test_what_is_no_key_is_told(published: dict[str, Path], keys: KeyPair, tmp_path: Path) -> None:
    folder, release = published["ours"], make_release(tmp_path / "build")
    locked = make_keys(tmp_path, "locked", password=b"secret").private
    odd = make_keys(tmp_path, "odd", ec.SECP256K1())
    (tmp_path / "text.pem").write_text("no key")

    def told(call: Callable[[], object]) -> str:
        with pytest.raises(ZooError) as caught:
            call()
        assert isinstance(caught.value, InputError)
        return str(caught.value)

    def signing(key: Path) -> str:
        return told(lambda: publish_to(release, f"dir:{tmp_path / 'to'}", key=key))

    assert "is locked with a password" in signing(locked)
    assert "is no private key in PEM; make a key with 'openssl" in signing(tmp_path / "text.pem")
    assert "is no private key in PEM" in signing(keys.public)
    assert "on P-256, P-384 or P-521" in signing(odd.private)
    assert "cannot be read (No such file" in signing(tmp_path / "nowhere.pem")
    assert not (tmp_path / "to").exists()
    assert "is a private key; check with the public half" in told(lambda: verify_release(folder, key=keys.private))
    assert "is no public key in PEM" in told(lambda: verify_release(folder, key=tmp_path / "text.pem"))


def test_the_key_itself_is_in_no_file_of_the_release(published: dict[str, Path], keys: KeyPair) -> None:
    secret = "".join(keys.private.read_text().splitlines()[1:-1])
    for path in published["ours"].rglob("*"):
        if path.is_file():
            text = path.read_bytes().decode("utf-8", "replace").replace("\n", "")
            assert secret not in text
            assert str(keys.private) not in text


def test_upstream_s_own_command_takes_the_signature(published: dict[str, Path], keys: KeyPair) -> None:
    folder = published["ours"]
    command = [sys.executable, "-m", "model_signing", "verify", "key", str(folder)]
    options = ["--signature", str(folder / "model.sig"), "--public_key", str(keys.public)]
    done = subprocess.run([*command, *options], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "succeeded" in done.stdout + done.stderr


def test_the_documented_openssl_lines_make_a_key(tmp_path: Path, project_root: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    lines = [
        line for line in (project_root / "docs/how-to.md").read_text().splitlines() if line.startswith("openssl ec")
    ]
    assert len(lines) == 2
    for line in lines:
        subprocess.run(line.split(), cwd=tmp_path, check=True, capture_output=True)
    publish_to(make_release(tmp_path / "build"), f"dir:{tmp_path / 'to'}", key=tmp_path / "key.pem")
    assert verify_release(tmp_path / "to/face_detector/0.1.0", key=tmp_path / "public.pem").key
