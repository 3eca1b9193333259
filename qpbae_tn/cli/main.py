"""The program `qpbae`: its commands, and what happens to their errors."""

from __future__ import annotations

import errno
import os
import signal
import sys
from importlib import import_module
from io import TextIOWrapper

import typer

from qpbae_tn import __version__
from qpbae_tn.cli.fields import Command
from qpbae_tn.errors import InputError

COMMANDS = (
    "run",
    "train",
    "evaluate",
    "segment",
    "compile",
    "execute",
    "estimate",
    "scaling",
    "shots",
    "noise",
    "report",
)
"""Each is a module `qpbae_tn.cli.NAME` with a function `NAME`; `--help` lists them in this order."""

SUB_APPS = ("study",)
"""Each is a module `qpbae_tn.cli.NAME` with a Typer application `app` of several commands."""

INTERRUPTED = 130

app = typer.Typer(
    name="qpbae",
    help="Train, compile, price and scale Quantum Patch-Based Autoencoders for anomaly segmentation in images.",
    add_completion=False,
    pretty_exceptions_enable=False,
    # Help in boxes takes a fifth of a second to import: for people at a terminal, not for pipes and scripts.
    rich_markup_mode="rich" if sys.stdout is not None and sys.stdout.isatty() else None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(value: bool) -> None:
    if value:
        print(f"qpbae {__version__}")
        raise typer.Exit


@app.callback()
def _root(version: bool = typer.Option(False, "--version", callback=_version, help="Print the version.")) -> None:
    pass


for _name in COMMANDS:
    app.command(_name, cls=Command)(getattr(import_module(f"qpbae_tn.cli.{_name}"), _name))
for _name in SUB_APPS:
    app.add_typer(import_module(f"qpbae_tn.cli.{_name}").app, name=_name)


def main() -> None:
    """Run the program; wrong usage or input gives one line on standard error and exit status 2."""
    # A batch system's polite end is an interruption too: temporary files are removed on the way out.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # file names need not be text
    try:
        status = app(standalone_mode=False)
    except InputError as error:
        _fail(str(error), 2)
    except typer.TyperException as error:
        _usage_error(error)
    except MemoryError as error:
        details = f" ({error})" if str(error) else ""
        _fail(f"not enough memory{details}; use smaller images, a smaller patch or fewer images", 2)
    except OSError as error:
        if error.filename is None:
            if error.errno in (errno.ENOSPC, errno.EIO, errno.EPIPE):
                _close_output()
                _fail(f"standard output cannot be written ({error.strerror}); send it elsewhere", 1)
            raise
        _fail(f"{error.filename}: {error.strerror}; check the path and its permissions", 2)
    except (KeyboardInterrupt, typer.Abort):
        status = INTERRUPTED
    if status == INTERRUPTED:
        _fail("interrupted; nothing was left half-written", INTERRUPTED)
    sys.exit(status if isinstance(status, int) else 0)


def _close_output() -> None:
    """Give up standard output, so that Python does not try to write the rest when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _usage_error(error: typer.TyperException) -> None:
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "qpbae"
    _fail(f"{error.format_message().rstrip('.')}; see {command} --help", error.exit_code)


def _fail(message: str, status: int) -> None:
    print(f"qpbae: {' '.join(message.split())}", file=sys.stderr)
    sys.exit(status)
