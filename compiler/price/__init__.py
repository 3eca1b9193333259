"""The price of a compiled program: gates, time, fidelity, shots."""

from qpbae_tn.compiler.price.price import Price
from qpbae_tn.compiler.price.program import ProgramPrice, StagePrice, price_program
from qpbae_tn.compiler.price.runs import ImagePrice, TrainingPrice, price_image, price_training
from qpbae_tn.compiler.price.shots import (
    SHOT_PERIODS,
    SYCAMORE_2019,
    SYCAMORE_2021,
    WILLOW_2024,
    ShotPeriod,
    default_shot_period,
    shot_period,
    shots_for,
)

__all__ = [
    "ImagePrice",
    "Price",
    "ProgramPrice",
    "SHOT_PERIODS",
    "SYCAMORE_2019",
    "SYCAMORE_2021",
    "ShotPeriod",
    "StagePrice",
    "TrainingPrice",
    "WILLOW_2024",
    "default_shot_period",
    "price_image",
    "price_program",
    "price_training",
    "shot_period",
    "shots_for",
]
