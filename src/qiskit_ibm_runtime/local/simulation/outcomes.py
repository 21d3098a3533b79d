"""What was measured: the different bit strings, and how often each one came."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Outcomes:
    """Bits have the shape (strings, classical bits), the first column being bit 0."""

    bits: np.ndarray[Any, np.dtype[np.uint8]]
    counts: np.ndarray[Any, np.dtype[np.float64]]

    @classmethod
    def of(cls, counts: dict[str, int], width: int) -> Outcomes:
        """Read the counts of Aer: hexadecimal numbers over all classical bits."""
        size = (width + 7) // 8
        data = b"".join(int(key, 16).to_bytes(size, "little") for key in counts)
        table = np.frombuffer(data, dtype=np.uint8).reshape(len(counts), size)
        bits = np.unpackbits(table, axis=1, count=width, bitorder="little")
        return cls(bits, np.fromiter(counts.values(), dtype=float, count=len(counts)))

    @property
    def shots(self) -> int:
        """How often the circuit was run."""
        return int(self.counts.sum())

    def flipped(self, flips: np.ndarray[Any, Any]) -> Outcomes:
        """The same with the bits turned over where ``flips`` has a one."""
        return Outcomes(self.bits ^ flips.astype(np.uint8), self.counts)

    def parities(self, supports: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """Product of the signs of the bits in each support, of shape (strings, supports).

        ``supports`` has the shape (supports, classical bits).
        """
        odd = (self.bits.astype(np.int64) @ supports.T.astype(np.int64)) % 2
        return np.asarray(1.0 - 2.0 * odd)

    def labels(self) -> list[str]:
        """Each string as text, bit 0 last."""
        width = self.bits.shape[1]
        text = (self.bits[:, ::-1] + ord("0")).tobytes().decode()
        return [text[start : start + width] for start in range(0, len(text), width)]


def together(several: list[Outcomes]) -> Outcomes:
    """What was measured in several runs, as in one."""
    return Outcomes(
        np.concatenate([seen.bits for seen in several]),
        np.concatenate([seen.counts for seen in several]),
    )
