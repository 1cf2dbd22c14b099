"""Signatures of releases: OpenSSF model signing (OMS) with a local elliptic-curve key, made and checked offline.

A signature is a Sigstore bundle in `model.sig`: an in-toto statement with the SHA-256 of every file of the release, the
manifest too. Anyone can check it without this package: `model_signing verify key DIR --signature DIR/model.sig
--public_key PUBLIC.pem`. Upstream: https://github.com/sigstore/model-transparency, version 1.1.1.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from zoo.errors import InputError, RefusedError
from zoo.files import read_regular
from zoo.release._manifest import SIGNATURE_NAME

MAX_SIGNATURE_BYTES = 4 << 20
"""Some two hundred bytes a file of the release, in base64."""
MAX_KEY_BYTES = 1 << 16
MAKE_A_KEY = (
    "make a key with 'openssl ecparam -name prime256v1 -genkey -noout -out key.pem' "
    "and its public half with 'openssl ec -in key.pem -pubout -out public.pem'"
)


def sign_release(folder: Path, key: Path) -> str:
    """Sign all files of the folder with the private key in the PEM file `key`; the fingerprint of its public half.

    Writes `folder/model.sig`. Raises InputError for what is no unencrypted EC key on one of the curves P-256, P-384
    and P-521.
    """
    from model_signing import signing

    public = public_half(key)
    with _quiet():
        config = signing.Config().use_elliptic_key_signer(private_key=key)
        config.set_hashing_config(_all_files()).sign(folder, folder / SIGNATURE_NAME)
    return fingerprint(public)


def check_signature(folder: Path, public: bytes, *, key_name: str) -> None:
    """Hold the folder, whole, against its signature and the PEM of a public key, which is called `key_name` in errors.

    Raises RefusedError where it is not signed, signed by another key, or changed since.
    """
    signature = folder / SIGNATURE_NAME
    if signature.is_symlink() or not signature.is_file():
        raise RefusedError(f"{folder} is not signed, so {key_name} proves nothing about it; do not use it.")
    if signature.stat().st_size > MAX_SIGNATURE_BYTES:
        raise RefusedError(f"{signature} is larger than any signature; do not use {folder}.")
    problem = _problem(folder, signature, public)
    if problem is not None:
        raise RefusedError(f"{folder} {problem.format(key=key_name)}; do not use it.")


def _problem(folder: Path, signature: Path, public: bytes) -> str | None:
    """Why the signature does not hold, None where it does. What a hostile one can raise is anybody's guess."""
    from cryptography.exceptions import InvalidSignature
    from model_signing import verifying

    try:
        with _quiet(), tempfile.TemporaryDirectory() as made:
            path = Path(made, "public.pem")
            path.write_bytes(public)
            config = verifying.Config().use_elliptic_key_verifier(public_key=path)
            config.set_hashing_config(_all_files()).verify(folder, signature)
    except InvalidSignature:
        return "has a signature that is not by {key}, or was altered"
    except Exception as error:
        if str(error).startswith("Key mismatch"):
            return "was signed with another key than {key}"
        if str(error).startswith("Signature mismatch"):
            return "was changed after it was signed with {key}"
        return "has a signature that cannot be read"
    return None


def public_half(key: Path) -> bytes:
    """The PEM of the public half of a private key. Raises InputError where it is none that can sign."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    content = _read_key(key)
    try:
        private: Any = serialization.load_pem_private_key(content, None)
    except TypeError as error:
        raise InputError(f"{key} is locked with a password, which this tool never asks; give a key without.") from error
    except Exception as error:
        raise InputError(f"{key} is no private key in PEM; {MAKE_A_KEY}.") from error
    if not isinstance(private, ec.EllipticCurvePrivateKey):
        raise InputError(f"{key} is no elliptic-curve key; {MAKE_A_KEY}.")
    return _checked(private.public_key(), key)


def read_public_key(path: Path) -> bytes:
    """The PEM of a public key. Raises InputError where the file holds none, or a private one, by mistake."""
    from cryptography.hazmat.primitives import serialization

    content = _read_key(path)
    if b"PRIVATE KEY" in content:
        raise InputError(f"{path} is a private key; check with the public half: 'openssl ec -in {path} -pubout'.")
    try:
        public = serialization.load_pem_public_key(content)
    except Exception as error:
        raise InputError(f"{path} is no public key in PEM; {MAKE_A_KEY}.") from error
    return _checked(public, path)


def _checked(public: Any, path: Path) -> bytes:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    if not isinstance(public, ec.EllipticCurvePublicKey) or public.curve.name not in {
        "secp256r1",
        "secp384r1",
        "secp521r1",
    }:
        raise InputError(f"{path} is no elliptic-curve key on P-256, P-384 or P-521; {MAKE_A_KEY}.")
    return public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def fingerprint(public: bytes) -> str:
    """The SHA-256 of a public key's PEM, by which signatures name their key."""
    return hashlib.sha256(public).hexdigest()


def _read_key(path: Path) -> bytes:
    try:
        content = read_regular(path, most=MAX_KEY_BYTES)
    except (OSError, ValueError) as error:
        raise InputError(f"The key {path} cannot be read ({getattr(error, 'strerror', error)}).") from error
    if len(content) > MAX_KEY_BYTES:
        raise InputError(f"{path} is too large for a key; {MAKE_A_KEY}.")
    return content


def _all_files() -> Any:
    from model_signing import hashing

    return hashing.Config().set_ignored_paths(paths=[SIGNATURE_NAME], ignore_git_paths=False)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    # The library prints warnings to standard output, which may hold the one document of --json.
    with contextlib.redirect_stdout(io.StringIO()):
        yield
