"""Which pictures a training saw, or nearly the same ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from zoo.sources._clusters import leaders
from zoo.sources._pictures import Picture


class Seen:
    """What a build was trained and calibrated on, from its list of pictures."""

    def __init__(self, listed: Iterable[Picture]) -> None:
        self._listed = list(listed)
        self._seen = {one.sha256 for one in self._listed if one.split != "evaluation"}

    def among(self, looks: Mapping[str, int]) -> tuple[set[str], dict[str, str]]:
        """Of pictures by SHA-256, with their looks: those that were seen or nearly are; and every one's leader.

        The leaders are those of `zoo.sources._clusters`, over these pictures and the listed ones together.
        """
        led = leaders({**{one.sha256: one.look for one in self._listed if one.look is not None}, **looks})
        clusters = {led.get(sha256, sha256) for sha256 in self._seen}
        return {sha256 for sha256 in looks if sha256 in self._seen or led[sha256] in clusters}, led
