"""One network out of one or several layers, with what a rule makes of each tie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np

from kocsim.errors import DataError, ParameterError
from kocsim.mixing import WellMixed
from kocsim.packing import ID_BITS, ID_MASK
from kocsim.ties import Ties
from kocsim.wording import shown

if TYPE_CHECKING:
    from numpy.typing import NDArray

Combine = Literal["sum", "either", "union"]
"""What becomes of the values of a tie that is in two layers: added, 1 - (1 - a)(1 - b), or there are none."""


class OfTies(Protocol):
    """What a rule says about the ties of a layer."""

    @property
    def combine(self) -> Combine: ...

    def tie_values(self, ties: Ties, layer: str | None) -> NDArray[np.float64] | float | None: ...


@dataclass(frozen=True, eq=False)
class Network:
    """Ties of all layers as one, each pair once.

    Attributes
    ----------
    offsets : ndarray of int64, shape (n + 1,)
    ties : ndarray of uint32, shape (max(m, 1),)
        Receiver in the low 24 bits. Never empty, so that kernels may read the first one.
    values : ndarray of float64, shape (m,), or float, or None
        What the rule gives each tie.
    mixed : bool
        Everybody hears everybody; there are no ties.
    """

    n: int
    offsets: NDArray[np.int64]
    ties: NDArray[np.uint32]
    values: NDArray[np.float64] | float | None
    mixed: bool
    layers: tuple[Ties, ...]

    @property
    def labels(self) -> NDArray[Any] | None:
        """The user's names of the residents."""
        return self.layers[0].labels if self.layers else None

    @property
    def m(self) -> int:
        return int(self.offsets[-1])

    @cached_property
    def contacts(self) -> NDArray[np.int64]:
        """How many each resident can hear, shape (n,)."""
        if self.mixed:
            return np.full(self.n, self.n - 1, np.int64)
        if len(self.layers) == 1:
            return self.layers[0].in_degree()
        return np.bincount(self.receivers, minlength=self.n).astype(np.int64, copy=False)

    @property
    def receivers(self) -> NDArray[np.uint32]:
        """Receiver of every tie, shape (m,)."""
        return self.ties[: self.m] & ID_MASK

    def incoming(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """Values of the ties summed at their receivers, shape (n,)."""
        return np.asarray(np.bincount(self.receivers, weights=values, minlength=self.n), np.float64)


def as_layers(network: Any) -> dict[str | None, Ties] | WellMixed:
    """What the user calls a network, as named layers of the same residents.

    Raises
    ------
    DataError
        When it is no network, or layers differ in their residents.
    """
    if isinstance(network, WellMixed):
        return network
    if not isinstance(network, Mapping):
        return {None: Ties.from_any(network)}
    if not network:
        raise DataError("network must have at least one layer; got an empty mapping.")
    layers: dict[str | None, Ties] = {}
    for name, layer in network.items():
        if not isinstance(name, str):
            raise DataError(f"network names its layers by text; got {shown(name)}.")
        if isinstance(layer, WellMixed):
            raise DataError(f"network[{name!r}] is WellMixed, which stands alone: a layer must have ties.")
        layers[name] = Ties.from_any(layer)
    (first, one), *others = layers.items()
    for name, layer in others:
        if layer.n != one.n:
            raise DataError(f"Layers must have the same residents: {first!r} has {one.n}, {name!r} has {layer.n}.")
        if (layer.labels is None) != (one.labels is None) or (
            layer.labels is not None and not np.array_equal(layer.labels, np.asarray(one.labels))
        ):
            raise DataError(f"Layers must have the same residents: labels of {first!r} and {name!r} differ.")
    return layers


def combined(network: dict[str | None, Ties] | WellMixed, rule: OfTies) -> Network:
    """The network as a rule sees it."""
    if isinstance(network, WellMixed):
        empty = np.zeros(network.n + 1, np.int64)
        return Network(network.n, empty, np.zeros(1, np.uint32), None, True, ())
    layers = tuple(network.values())
    values = [rule.tie_values(ties, name) for name, ties in network.items()]
    if len(layers) == 1:
        ties = layers[0]
        return _network(ties.n, ties.offsets, ties.ties, values[0], layers)
    key = np.concatenate([_pairs(ties) for ties in layers])
    order = np.argsort(key, kind="stable")
    key = key[order]
    starts = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]])) if key.size else np.zeros(0, np.int64)
    merged: NDArray[np.float64] | None = None
    if rule.combine != "union" and not any(v is None for v in values):
        held = np.concatenate([
            np.broadcast_to(np.asarray(v, np.float64), ties.m) for v, ties in zip(values, layers, strict=True)
        ])[order]
        if not key.size:
            merged = held
        elif rule.combine == "sum":
            merged = np.add.reduceat(held, starts)
        else:
            merged = 1.0 - np.multiply.reduceat(1.0 - held, starts)
            alone = np.diff(np.append(starts, key.size)) == 1
            merged[alone] = held[starts][alone]  # as given, to the last bit
    key = key[starts]
    n = layers[0].n
    offsets = np.searchsorted(key, np.arange(n + 1, dtype=np.int64) << ID_BITS).astype(np.int64)
    return _network(n, offsets, (key & int(ID_MASK)).astype(np.uint32), merged, layers)


def _network(
    n: int, offsets: NDArray[np.int64], ties: NDArray[np.uint32], values: Any, layers: tuple[Ties, ...]
) -> Network:
    return Network(n, offsets, ties if len(ties) else np.zeros(1, np.uint32), values, False, layers)


def _pairs(ties: Ties) -> NDArray[np.int64]:
    """Sender and receiver of every tie in one number."""
    key = np.repeat(np.arange(ties.n, dtype=np.int64), np.diff(ties.offsets)) << ID_BITS
    return key | (ties.ties & ID_MASK)


def value_of_layer(given: Any, layer: str | None, name: str) -> Any:
    """One layer's part of a parameter that may be a mapping from layers.

    Raises
    ------
    ParameterError
        When the mapping does not name the layer.
    """
    if not isinstance(given, Mapping):
        return given
    if layer is None:
        raise ParameterError(f"{name} names layers ({', '.join(map(repr, given))}), but the network has none.")
    if layer not in given:
        raise ParameterError(f"{name} has no value for the layer {layer!r}; it names {', '.join(map(repr, given))}.")
    return given[layer]
