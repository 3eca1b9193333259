"""The export formats by file suffix."""

from __future__ import annotations

from pathlib import Path

from qpbae_tn.compiler.export.cirq_json import CirqJson, CirqJsonCompressed
from qpbae_tn.compiler.export.diagrams import SvgDiagram, TextDiagram
from qpbae_tn.compiler.export.google_protobuf import GoogleProgram
from qpbae_tn.compiler.export.open_qasm import OpenQasm2, OpenQasm3
from qpbae_tn.compiler.export.protocol import Format
from qpbae_tn.compiler.export.qsim_text import QsimText
from qpbae_tn.errors import InputError

_ALL: tuple[Format, ...] = (
    CirqJson(),
    CirqJsonCompressed(),
    GoogleProgram(),
    OpenQasm2(),
    OpenQasm3(),
    SvgDiagram(),
    TextDiagram(),
    QsimText(),
)
FORMATS: dict[str, Format] = {known.suffix: known for known in _ALL}


def format_of(path: Path) -> Format:
    """The format of a file, by its suffix; raises `InputError` for an unknown one."""
    for suffix in sorted(FORMATS, key=len, reverse=True):
        if path.name.endswith(suffix) and path.name != suffix:
            return FORMATS[suffix]
    raise InputError("unknown format", where=path, remedy=f"give a name that ends in {', '.join(FORMATS)}")


def stem_of(path: Path) -> Path:
    """The file's name without its format's suffix."""
    return path.with_name(path.name.removesuffix(format_of(path).suffix))
