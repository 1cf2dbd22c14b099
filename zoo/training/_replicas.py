"""Where the copies of the model are trained, and which part of each batch is whose.

Training is synchronous (tf.distribute: MirroredStrategy, MultiWorkerMirroredStrategy): each replica takes its part of
one and the same global batch, gradients are summed over all, and every replica makes the same update.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import numpy as np

from zoo.errors import InputError
from zoo.spec import Distribution
from zoo.training._cluster import answers, read_cluster

LONGEST_WAIT = 60.0
"""Seconds for which a worker waits at the end for the chief to write the last weights."""


@dataclass(frozen=True)
class Replicas:
    """`count` replicas over all workers; this process has `here` of them, the first being number `first`.

    The chief alone writes checkpoints, logs and weights.
    """

    strategy: Any
    count: int
    first: int
    here: int
    chief_address: str = ""

    @property
    def is_chief(self) -> bool:
        return self.first == 0

    def scope(self) -> AbstractContextManager[Any]:
        """The scope in which models are made, compiled and trained."""
        scope: AbstractContextManager[Any] = self.strategy.scope()
        return scope

    def part_of(self, batch_size: int) -> slice:
        """This process's examples of a global batch. Raises InputError where it cannot be divided evenly."""
        if batch_size % self.count:
            raise InputError(
                f"A batch of {batch_size} cannot be divided over {self.count} replicas; change the preset's batch_size."
            )
        share = batch_size // self.count
        return slice(self.first * share, (self.first + self.here) * share)

    def copy_from_chief(self, variables: Sequence[Any]) -> None:
        """Set variables on every worker to what they are on the chief."""
        if self.count == self.here:
            return
        # A sum of several tensors at once wants them of one type.
        for dtype in sorted({variable.dtype.name for variable in variables}):
            self._copy_one_type([variable for variable in variables if variable.dtype.name == dtype])

    def _copy_one_type(self, variables: Sequence[Any]) -> None:
        import tensorflow as tf

        def summed(*values: Any) -> Any:
            # A copy has the replica's device, which an argument of a function lacks and the sum asks for.
            copies = [tf.identity(value) for value in values]
            return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, copies)

        sent = []
        for variable in variables:
            value = variable.numpy()
            # One replica speaks and the rest add zeros, which leaves every number as it is.
            sent.append(
                self.strategy.experimental_distribute_values_from_function(
                    lambda context, value=value: (
                        value if context.replica_id_in_sync_group == 0 else np.zeros_like(value)
                    )
                )
            )
        answers = tf.function(lambda *values: self.strategy.run(summed, args=values))(*sent)
        for variable, answer in zip(variables, answers, strict=True):
            variable.assign(self.strategy.experimental_local_results(answer)[0].numpy())

    def number_from_chief(self, number: int) -> int:
        """What the chief gave for `number`."""
        import tensorflow as tf

        with self.scope():
            agreed = tf.Variable(number, dtype=tf.int64, trainable=False)
        self.copy_from_chief([agreed])
        return int(agreed.numpy())

    def part(self) -> None:
        """End the work together: a worker that left at once might still be read from by another.

        The chief is through once every worker has come here. A worker stays until the chief is gone, and what then
        fails no longer matters.
        """
        if self.count == self.here:
            return
        import tensorflow as tf

        try:
            self.number_from_chief(0)
        except tf.errors.OpError:
            if self.is_chief:
                raise
        if not self.is_chief:
            _wait_until_gone(self.chief_address)


def start_replicas(distribution: Distribution) -> Replicas:
    """Make the strategy that a spec names.

    `mirrored`: a replica on each GPU of this machine, or on each CPU that TensorFlow was told to see.
    `multi_worker`: on each of those of each worker of TF_CONFIG; to be called before TensorFlow's first operation.
    Raises InputError for a wrong TF_CONFIG.
    """
    import tensorflow as tf

    if distribution == "none":
        return Replicas(tf.distribute.get_strategy(), count=1, first=0, here=1)
    if distribution == "mirrored":
        strategy = tf.distribute.MirroredStrategy()
        return Replicas(strategy, count=strategy.num_replicas_in_sync, first=0, here=strategy.num_replicas_in_sync)
    cluster = read_cluster()
    strategy = tf.distribute.MultiWorkerMirroredStrategy()
    count = strategy.num_replicas_in_sync
    here = count // len(cluster.workers)
    return Replicas(strategy, count, first=cluster.index * here, here=here, chief_address=cluster.chief)


def _wait_until_gone(address: str) -> None:
    """Return when nothing listens at `host:port`, or after `LONGEST_WAIT` seconds."""
    end = time.monotonic() + LONGEST_WAIT
    while answers(address) and time.monotonic() < end:
        time.sleep(0.2)


def over_replicas(values: list[Any]) -> list[Any]:
    """The sums of tensors over all replicas, for a loss that needs totals of the global batch."""
    import tensorflow as tf

    context = tf.distribute.get_replica_context()
    if context is None or context.num_replicas_in_sync == 1:
        return values
    summed: list[Any] = context.all_reduce(tf.distribute.ReduceOp.SUM, values)
    return summed
