# SPDX-License-Identifier: GPL-3.0-or-later
"""The training loop of all studies: reports, scores and checkpoints around the compiled step."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import jax
import numpy as np
from flax import nnx

from mesobayes.learning.advance import Advance, advance_with
from mesobayes.learning.checkpoint import fit_identity, load_state, save_state
from mesobayes.learning.optimiser import all_finite
from mesobayes.learning.plateau import after_score
from mesobayes.learning.precision import matrix_products, precision_in_effect
from mesobayes.learning.progress import Progress, Report
from mesobayes.learning.settings import FitSettings, Precision
from mesobayes.learning.step import TrainingState, initial_state, number_of_examples
from mesobayes.learning.task import Task
from mesobayes.nets.state import merge_network, split_network

Network = TypeVar("Network", bound=nnx.Module)


@dataclass(frozen=True)
class FitResult(Generic[Network]):
    """A fitted network and how it came about.

    Attributes:
        network: with the last weights, or with those of the best score ("plateau").
        history: (step, terms) float32, terms of every minibatch.
        terms: names of the columns of `history`; the first is the loss.
        scores: (report, 2), step and validation score, empty without validation data.
        seconds: wall time of this call.
        resumed_at: number of steps that came from a checkpoint.
        precision: that the matrix products had on this device.
    """

    network: Network
    history: np.ndarray
    terms: tuple[str, ...]
    scores: np.ndarray
    seconds: float
    resumed_at: int
    precision: Precision

    @property
    def noise_std(self) -> float | np.ndarray | None:
        """Fitted standard deviation of the likelihood; None for a network without one."""
        log_noise = getattr(self.network, "log_noise", None)
        if log_noise is None:
            return None
        std = np.exp(np.asarray(log_noise[...]))
        return std if std.ndim else float(std)


def fit(
    task: Task,
    network: Network,
    settings: FitSettings,
    seed: int,
    checkpoint: Path | None = None,
    report: Report | None = None,
    chunks: bool | None = None,
) -> FitResult[Network]:
    """Fit a network; the given one is left as it is.

    Batches, symmetries and weight noise are functions of seed and step, so a fit that was killed and resumes
    from its checkpoint gives bitwise the numbers of an uninterrupted one.

    Args:
        task: data, loss and score of the study.
        network: start, of the structure that the task expects.
        settings: length and optimiser.
        seed: any non-negative integer below 2⁶³.
        checkpoint: file to go on from, and to write from time to time.
        report: told of the progress at every report.
        chunks: whether steps run in compiled chunks; by default everywhere but on a CPU.

    Raises:
        ValueError: there are no examples.
        FloatingPointError: the loss, a score or a weight is not finite.
        StoreError: the checkpoint cannot be written.
    """
    begin = time.perf_counter()
    examples = number_of_examples(task.data)
    if examples == 0:
        raise ValueError("there are no examples to fit: the training set is empty")
    structure, parameters, statistics = split_network(network)
    with matrix_products(settings.precision):
        run = _Run(task, settings, seed, examples, checkpoint, report)
        state = run.start(parameters, statistics)
        state = run.to_the_end(state, advance_with(task, settings, seed, chunks))
    best = state if state.plateau is None else state.plateau
    return FitResult(
        merge_network(structure, best.parameters, best.statistics),
        run.history[: run.done],
        ("loss", *task.terms),
        np.array(run.scores, float).reshape(-1, 2),
        time.perf_counter() - begin,
        run.resumed_at,
        precision_in_effect(settings.precision),
    )


class _Run:
    """What one fit records, and what it does between steps."""

    def __init__(
        self,
        task: Task,
        settings: FitSettings,
        seed: int,
        examples: int,
        checkpoint: Path | None,
        report: Report | None,
    ):
        self.task, self.settings, self.seed = task, settings, seed
        self.examples, self.checkpoint, self.report = examples, checkpoint, report
        self.steps = settings.total_steps(examples)
        self.history = np.zeros((self.steps, len(task.terms) + 1), np.float32)
        self.scores: list[tuple[float, float]] = []
        self.done = self.resumed_at = self.reported = 0
        self.identity = ""
        self.begin = self.saved = time.perf_counter()

    def start(self, parameters: Any, statistics: Any) -> TrainingState:
        """Return the state to go on from: before the first step, or that of the checkpoint."""
        state = initial_state(self.settings, self.steps, parameters, statistics)
        if self.checkpoint is not None:
            self.identity = fit_identity(self.task, self.settings, self.seed, (parameters, statistics))
            found = load_state(self.checkpoint, state, self.identity)
            if found is not None:
                state, self.done, records = found
                self.history[: self.done] = records["history"]
                self.scores = [tuple(row) for row in records["scores"]]
                self.resumed_at = self.reported = self.done
        return state

    def to_the_end(self, state: TrainingState, advance: Advance) -> TrainingState:
        """Take all steps; the terms of a step are fetched while the next one runs."""
        reports = iter(self._reports())
        due = next(reports, self.steps)
        pending: list[tuple[int, int, jax.Array]] = []
        while self.done < self.steps and not self._stopped(state):
            state, terms, count = advance(state, self.done, due)
            pending.append((self.done, count, terms))
            self.done += count
            late = time.perf_counter() - self.saved > self.settings.checkpoint_seconds
            save = self.checkpoint is not None and (late or self.done == self.steps)
            while len(pending) > (0 if save or self.done == due else 1):
                self._fetch(*pending.pop(0))
            if self.done == due:
                state = self._score(state)
                due = next(reports, self.steps)
                save = save or (self.checkpoint is not None and self._stopped(state))
            if save:
                self._save(state)
        self._check_weights(state)
        return state

    def _reports(self) -> Iterator[int]:
        return (step for step in self.settings.report_steps(self.examples) if step > self.done)

    def _stopped(self, state: TrainingState) -> bool:
        return state.plateau is not None and int(state.plateau.since) >= self.settings.stop_patience

    def _fetch(self, begin: int, count: int, terms: jax.Array) -> None:
        """Record the terms of some steps; the host waits for them here."""
        values = np.asarray(terms)[:count]
        self.history[begin : begin + count] = values
        bad = ~np.isfinite(values).all(axis=1)
        if bad.any():
            self._fail(f"the loss or one of its terms is not finite in step {begin + int(np.argmax(bad))}")

    def _check_weights(self, state: TrainingState) -> None:
        if not all_finite(state.parameters | state.statistics):
            self._fail(f"a weight is not finite after step {self.done}")

    def _fail(self, what: str) -> None:
        raise FloatingPointError(
            f"{what}: lower learning_rate ({self.settings.learning_rate:g}) or clip_norm "
            f"({self.settings.clip_norm})"
        )

    def _score(self, state: TrainingState) -> TrainingState:
        score = self.task.score(state.parameters, state.statistics)
        if score is not None:
            self.scores.append((self.done, score))
            if not math.isfinite(score):
                self._fail(f"the validation score is {score} after step {self.done}")
            if state.plateau is not None:
                patience = np.int32(self.settings.plateau_patience)
                plateau = after_score(
                    state.plateau, np.float32(score), patience, state.parameters, state.statistics
                )
                state = state._replace(plateau=plateau)
        elif state.plateau is not None:
            raise ValueError("the schedule 'plateau' needs validation data to score")
        if self.report is not None:
            loss = float(np.mean(self.history[self.reported : self.done, 0]))
            pace = (time.perf_counter() - self.begin) / (self.done - self.resumed_at)
            epoch = self.done * self.settings.batch / self.examples
            left = pace * (self.steps - self.done)
            self.report(Progress(self.done, self.steps, epoch, loss, score, left))
        self.reported = self.done
        return state

    def _save(self, state: TrainingState) -> None:
        self._check_weights(state)  # a checkpoint that cannot be gone on from is none
        assert self.checkpoint is not None
        records = {"history": self.history[: self.done], "scores": np.array(self.scores).reshape(-1, 2)}
        save_state(self.checkpoint, state, self.done, records, self.identity)
        self.saved = time.perf_counter()
