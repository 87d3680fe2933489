"""One ONNX graph, opened once: its input and outputs are checked against what the bundle promises.

Trap: onnxruntime's worker threads spin while they wait, which starves the threads that decode films; it is
switched off here (measured on two cores: see docs/screen.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hilum.errors import BundleInvalid
from hilum.records import Pixels

ERRORS_ONLY = 3  # onnxruntime's severity: 0 verbose, 1 information, 2 warning, 3 error, 4 fatal


@dataclass(frozen=True, slots=True)
class Port:
    """An input or output of a graph: its name and its shape, None where any size goes."""

    name: str
    shape: tuple[int | None, ...]


class Graph:
    """A graph with one input and named outputs, float32 all.

    Args:
        path: the ONNX file.
        input_port: what goes in.
        output_ports: what comes out, in the order `run` returns it; further outputs are left alone.
        n_threads: of onnxruntime's own; 0 lets it take every core.

    Raises:
        BundleInvalid: the file is no graph, or its ports are others.
    """

    def __init__(
        self, path: Path, *, input_port: Port, output_ports: Sequence[Port], n_threads: int = 0
    ) -> None:
        self.path = path
        self._input = input_port
        self._outputs = [port.name for port in output_ports]
        self._session = _open_session(path, n_threads)
        _check_ports(path, "input", self._session.get_inputs(), [input_port], are_all=True)
        _check_ports(path, "output", self._session.get_outputs(), output_ports, are_all=False)

    @property
    def metadata(self) -> dict[str, str]:
        """What the file's writer noted in it, by key."""
        return dict(self._session.get_modelmeta().custom_metadata_map)

    def run(self, batch: Pixels) -> list[Pixels]:
        """The outputs for one batch, whose shape must fit the input port."""
        return [np.asarray(out) for out in self._session.run(self._outputs, {self._input.name: batch})]


def _open_session(path: Path, n_threads: int) -> Any:
    import onnxruntime  # here, so that reading a bundle's facts does not load it

    onnxruntime.set_default_logger_severity(ERRORS_ONLY)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = n_threads
    options.inter_op_num_threads = 1
    options.log_severity_level = ERRORS_ONLY
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors share no base but this
        raise BundleInvalid(f"{path}: onnxruntime cannot open it: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _check_ports(path: Path, kind: str, found: Any, promised: Sequence[Port], *, are_all: bool) -> None:
    by_name = {argument.name: argument for argument in found}
    for port in promised:
        if port.name not in by_name:
            raise BundleInvalid(f"{path}: has no {kind} {port.name!r} (has: {', '.join(by_name)})")
        argument = by_name[port.name]
        if argument.type != "tensor(float)" or not _fits(argument.shape, port.shape):
            got, wanted = f"{argument.type} {argument.shape}", f"tensor(float) {list(port.shape)}"
            raise BundleInvalid(f"{path}: {kind} {port.name!r} is {got}, where the bundle promises {wanted}")
    surplus = sorted(by_name.keys() - {port.name for port in promised})
    if are_all and surplus:
        raise BundleInvalid(f"{path}: has a further {kind} {surplus[0]!r}")


def _fits(found: Sequence[int | str | None], promised: tuple[int | None, ...]) -> bool:
    """Whether two shapes can be the same; a named or unnamed size of the graph may be any."""
    if len(found) != len(promised):
        return False
    return all(
        want is None or not isinstance(size, int) or size == want
        for size, want in zip(found, promised, strict=True)
    )
