"""Options that several commands share, so that they read the same everywhere.

The settings of an experiment are options of their own names, made from its description (`takes_settings`).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer

from qpbae_tn.cli.fields import names, one_of
from qpbae_tn.errors import InputError
from qpbae_tn.experiment.description import BASELINE_NAMES, choices, default, field_help, kind, least

MODEL_SETTINGS = ("patch_size", "stride", "bottleneck", "ansatz", "block", "layers", "trash", "pixel_order")
ENGINE_SETTINGS = ("engine", "bond", "cutoff")
SCORE_SETTINGS = ("score", "outcomes", "weights", "epsilon", "positions", "fold")
TRAINING_SETTINGS = (
    "data", *MODEL_SETTINGS, *ENGINE_SETTINGS, "image_size", "objective", "optimizer", "starts", "steps", "epochs",
    "learning_rate", "batch_size", "train", "validation", "split", "init", "initial_angles", *SCORE_SETTINGS,
)  # fmt: skip

_PATHS = ("split", "initial_angles")
_IN_WORDS: dict[str, str] = {"baselines": "all", "bond": "none"}
"""Settings that the command line writes as text of its own, and their defaults there."""


def setting(name: str, *, bounded: bool = True) -> Any:
    """The option of one setting of the experiment, to annotate a parameter with.

    Args:
        name: of the setting.
        bounded: whether the option checks the setting's least value; needless where an `Experiment` is made of it.
    """
    known, option = choices(name), f"--{name.replace('_', '-')}"
    return typer.Option(
        f"{option}/--no-{option[2:]}" if kind(name) is bool else option,
        help=field_help(name),
        min=least(name) if bounded and kind(name) is int and name not in _IN_WORDS else None,
        metavar="|".join(known) if known else None,
        show_default=default(name) is not None or name in _IN_WORDS,
    )


def takes_settings(
    *settings: str, of_model: Sequence[str] = ()
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command an option for each of these settings.

    The command takes them as one keyword argument `settings`: what was given, by name, ready for an `Experiment`.
    They stand behind its arguments and before its own options in `--help`.

    Args:
        settings: their names.
        of_model: settings that a model file has; those that are not given are left out, to be taken from there.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        own = [one for one in inspect.signature(command, eval_str=True).parameters.values() if one.name != "settings"]
        made = [
            inspect.Parameter(
                name,
                inspect.Parameter.KEYWORD_ONLY,
                default=None if name in of_model else _IN_WORDS.get(name, default(name)),
                annotation=Annotated[_type_of(name, optional=name in of_model), setting(name, bounded=False)],
            )
            for name in (*settings, *of_model)
        ]
        first = [one.replace(kind=one.KEYWORD_ONLY) for one in own if one.default is one.empty]
        last = [one.replace(kind=one.KEYWORD_ONLY) for one in own if one.default is not one.empty]

        @wraps(command)
        def called(**given: Any) -> None:
            values = {name: _value(name, given.pop(name)) for name in settings}
            own = {name: given.pop(name) for name in of_model}
            values |= {name: _value(name, value) for name, value in own.items() if value is not None}
            command(settings=values, **given)

        parameters = [*first, *made, *last]
        called.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        called.__annotations__ = {one.name: one.annotation for one in parameters}
        del called.__wrapped__
        return called

    return decorate


def _type_of(name: str, *, optional: bool = False) -> Any:
    if name in _IN_WORDS:
        return str
    plain: Any = Path if name in _PATHS else kind(name)
    return plain | None if optional or default(name) is None else plain


def _value(name: str, given: Any) -> Any:
    """An option's value as the experiment has it: names in lower case, words of the command line as what they mean."""
    if name == "baselines":
        return names(given, name, BASELINE_NAMES, none=True)
    if name == "bond":
        return _bond(given)
    return one_of(given, name, choices(name)) if choices(name) and given is not None else given


def _bond(given: str) -> int | None:
    if given.lower() == "none":
        return None
    if not given.isdigit() or int(given) < 1:
        raise InputError(f"bond {given!r}", where="bond", remedy="give a whole number from 1 up, or none")
    return int(given)


Data = Annotated[str, setting("data")]
PatchSize = Annotated[int, setting("patch_size")]
Stride = Annotated[int, setting("stride")]
Bottleneck = Annotated[int, setting("bottleneck")]
AnsatzPattern = Annotated[str, setting("ansatz")]
BlockName = Annotated[str, setting("block")]
Layers = Annotated[int, setting("layers")]
TrashPosition = Annotated[str, setting("trash")]
PixelOrderName = Annotated[str, setting("pixel_order")]
ImageSize = Annotated[int, setting("image_size")]
TestCount = Annotated[int | None, setting("test")]
Seed = Annotated[int, setting("seed")]
JsonFile = Annotated[
    str | None,
    typer.Option("--json", metavar="FILE", help="Write the result as one JSON document ('-': to standard output)."),
]
RunArgument = Annotated[Path, typer.Argument(metavar="RUN", help="A run folder or model file.", show_default=False)]
Output = Annotated[
    Path | None, typer.Option("--output", help="Folder to write; by default a new one below runs/.", show_default=False)
]
Force = Annotated[bool, typer.Option("--force", help="Replace an output folder that qpbae wrote before.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done and what it costs, and stop.")]
