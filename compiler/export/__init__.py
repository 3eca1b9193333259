"""Writing compiled programs to files, one format a module."""

from qpbae_tn.compiler.export.formats import FORMATS, Format, format_of, missing_note
from qpbae_tn.compiler.export.qsim_text import parse_qsim
from qpbae_tn.compiler.export.write import check_exports, export_program, holds_numbers

__all__ = [
    "FORMATS",
    "Format",
    "check_exports",
    "export_program",
    "format_of",
    "holds_numbers",
    "missing_note",
    "parse_qsim",
]
