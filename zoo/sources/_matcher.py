"""Which pictures a table's key names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from zoo.sources._text import same_form


class PictureMatcher:
    """Finds the pictures that a key names: by path below the table's folder, else by base name."""

    def __init__(self, prefix: str, pictures: Iterable[str]) -> None:
        self._prefix = prefix
        below = [name for name in pictures if name.startswith(prefix)]
        self._paths = set(below)
        self._forms: dict[str, list[str]] = defaultdict(list)
        self._bases: dict[str, list[str]] = defaultdict(list)
        for name in below:
            form = same_form(name)
            self._forms[form].append(name)
            self._bases[form.rpartition("/")[2]].append(name)

    def __call__(self, key: str) -> list[str]:
        key = key.strip().replace("\\", "/").removeprefix("./")
        path = f"{self._prefix}{key}"
        if path in self._paths:
            return [path]
        form = same_form(path)
        return self._forms.get(form, []) or ([] if "/" in key else self._bases.get(same_form(key), []))
