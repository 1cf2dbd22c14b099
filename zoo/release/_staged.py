"""A release put together for publishing, in a folder of its own: the build's files, records, changelog, signature."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from zoo.errors import OutsideError, RefusedError
from zoo.records import GateOverride, ReleaseChanges, StageRecord
from zoo.release._manifest import MANIFEST_NAME, RECORDS_FOLDER, SIGNATURE_NAME, Manifest
from zoo.release._manifest_files import extend_manifest
from zoo.release._registry import Sending
from zoo.release._sign import public_half, sign_release


@contextmanager
def staged(
    release: Path,
    manifest: Manifest,
    *,
    records: Mapping[str, StageRecord],
    records_folder: Path,
    overrides: Sequence[GateOverride],
    changes: Sequence[ReleaseChanges],
    key: Path | None,
    templates: Sequence[Path],
    without: frozenset[str] = frozenset(),
) -> Iterator[Sending]:
    """What will be published, complete but for the files `without`, in a temporary folder that is gone afterwards.

    With overrides the card is written again, with `templates` before the project's own, so that it shows them. Raises
    RefusedError where a file of the release changes meanwhile, InputError for a key that cannot sign, OutsideError
    where the disk fails.
    """
    from zoo.card import render_card, render_changelog

    try:
        with tempfile.TemporaryDirectory(prefix="zoo-publish-") as made:
            folder = Path(made, manifest.model)
            folder.mkdir()
            for file in manifest.files:
                if file.path in without:
                    continue
                _copy(release / file.path, folder / file.path)
            for name in manifest.records:
                _copy(records_folder / f"{name}.json", folder / RECORDS_FOLDER / f"{name}.json")
            if overrides:
                render_card(manifest.model_spec(), records, folder, overrides=overrides, templates=templates)
            render_changelog(manifest.title, changes, folder)
            final = extend_manifest(folder, manifest, overrides=overrides, changes=changes)
            _require_same_files(manifest, final, card_written=bool(overrides), without=without)
            public = None
            if key is not None:
                public = public_half(key)
                sign_release(folder, key)
            names = [*(file.path for file in final.files), *([SIGNATURE_NAME] if key else []), MANIFEST_NAME]
            yield Sending(folder=folder, manifest=final, names=tuple(names), public_key=public)
    except OSError as error:
        raise OutsideError(
            f"The release could not be put together ({error.strerror or error}); nothing was published."
        ) from error


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def _require_same_files(before: Manifest, after: Manifest, *, card_written: bool, without: frozenset[str]) -> None:
    written = without | ({"README.md", "card.html", "CHANGELOG.md"} if card_written else {"CHANGELOG.md"})
    copied = {file.path: file.sha256 for file in after.files}
    for file in before.files:
        is_card = card_written and file.path.startswith("figures/")
        if not is_card and file.path not in written and copied.get(file.path) != file.sha256:
            raise RefusedError(f"{file.path} changed while it was copied; nothing was published.")
