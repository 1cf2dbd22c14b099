"""Numbered mutants: the same seed and number give the same bytes, here and in the long run."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tests.fuzz import bundles, seeds
from tests.fuzz.graph_mutators import GRAPH
from tests.fuzz.mutators import BLIND, STRUCTURED

_BUNDLE_SHARE = 0.15
_HEADER = 8
_CHANGES = (1, 1, 1, 2, 3)
"""How often a file is changed: mostly once, as much damage is seen at once and hides the rest."""
_FAMILIES = ({**BLIND}, {**STRUCTURED}, {**GRAPH}, {**GRAPH})
"""Half of the changes are those after which a file may still be read, as they reach all that comes behind."""
_SMALL = 64 << 10
"""Bundles and half of the mutants are made of files below this, which cost milliseconds."""


@dataclass(frozen=True)
class Mutant:
    """`label` says how it was made, `suffix` what it claims to be."""

    label: str
    suffix: str
    data: bytes


@dataclass(frozen=True)
class Corpus:
    """What the mutants are made of."""

    files: dict[str, bytes]

    @cached_property
    def _small(self) -> list[str]:
        return [name for name, data in self.files.items() if len(data) < _SMALL]

    @cached_property
    def _large(self) -> list[str]:
        return [name for name, data in self.files.items() if len(data) >= _SMALL]

    def mutant(self, number: int, seed: int) -> Mutant:
        """The mutant of that number."""
        chance = np.random.default_rng([seed, number])
        if chance.random() < _BUNDLE_SHARE:
            data = bundles.mutant([self.files[name] for name in self._small], chance)
            return Mutant("bundle", ".task", data)
        names = self._large if self._large and chance.random() < 0.5 else self._small
        name = names[int(chance.integers(len(names)))]
        data, ways = self.files[name], []
        for _ in range(int(chance.choice(_CHANGES))):
            family = _FAMILIES[int(chance.integers(len(_FAMILIES)))]
            way = list(family)[int(chance.integers(len(family)))]
            if len(data) > _HEADER:
                data = family[way](data, chance)
                ways.append(way)
        return Mutant(f"{name}: {', '.join(ways)}", ".tflite", data)


def whole_corpus() -> Corpus:
    """Small graphs and the published files at hand."""
    return Corpus({**seeds.small_graphs(), **seeds.published()})


def small_corpus() -> Corpus:
    """Small graphs only."""
    return Corpus(seeds.small_graphs())
