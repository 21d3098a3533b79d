"""Measurement outcomes: distinct bit strings and their counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Outcomes:
    """Distinct bit strings and their counts.

    Attributes:
        bits: Bit strings, of shape (strings, classical bits); the first column is bit 0.
        counts: Count of each string.
    """

    bits: np.ndarray[Any, np.dtype[np.uint8]]
    counts: np.ndarray[Any, np.dtype[np.float64]]

    @classmethod
    def of(cls, counts: dict[str, int], width: int) -> Outcomes:
        """Parse counts of Aer, whose keys are hexadecimal numbers over all classical bits."""
        size = (width + 7) // 8
        data = b"".join(int(key, 16).to_bytes(size, "little") for key in counts)
        table = np.frombuffer(data, dtype=np.uint8).reshape(len(counts), size)
        bits = np.unpackbits(table, axis=1, count=width, bitorder="little")
        return cls(bits, np.fromiter(counts.values(), dtype=float, count=len(counts)))

    @property
    def shots(self) -> int:
        """Number of shots."""
        return int(self.counts.sum())

    def flipped(self, flips: np.ndarray[Any, Any]) -> Outcomes:
        """The same with the bits turned over where ``flips`` has a one."""
        return Outcomes(self.bits ^ flips.astype(np.uint8), self.counts)

    def parities(self, supports: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """Return the product of the signs of the bits in each support.

        Args:
            supports: Supports, of shape (supports, classical bits).

        Returns:
            Signs, of shape (strings, supports).
        """
        odd = (self.bits.astype(np.int64) @ supports.T.astype(np.int64)) % 2
        return np.asarray(1.0 - 2.0 * odd)

    def labels(self) -> list[str]:
        """Return the bit strings as text, bit 0 last."""
        width = self.bits.shape[1]
        text = (self.bits[:, ::-1] + ord("0")).tobytes().decode()
        return [text[start : start + width] for start in range(0, len(text), width)]


def concatenate(several: list[Outcomes]) -> Outcomes:
    """Concatenate the outcomes of several runs."""
    return Outcomes(
        np.concatenate([seen.bits for seen in several]),
        np.concatenate([seen.counts for seen in several]),
    )
