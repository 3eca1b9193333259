"""The price of a compiled program: gates, time, fidelity, shots."""

from qpbae_tn.compiler.price.program import ProgramPrice, StagePrice, price_program
from qpbae_tn.compiler.price.runs import (
    SHOT_PERIODS,
    SYCAMORE_2019,
    SYCAMORE_2021,
    WILLOW_2024,
    ImagePrice,
    Price,
    ShotPeriod,
    TrainingPrice,
    default_shot_period,
    price_image,
    price_training,
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
