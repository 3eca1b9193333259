"""Which part of a compiled circuit eats the fidelity: noise switched on for one source at a time."""

from __future__ import annotations

from typing import Any

import numpy as np

from qpbae_tn.analysis.noise.affine import AffineFit
from qpbae_tn.analysis.noise.calibrated import Source
from qpbae_tn.analysis.noise.response import DeviceResponse
from qpbae_tn.analysis.noise.transfer import FloatArray


def stage_rows(response: DeviceResponse, states: FloatArray) -> list[dict[str, Any]]:
    """One row a source, and one for all together.

    `contrast_lost` is 1 - slope of the scores against those of the same circuit without noise; `shift` the mean change
    of the score; `estimated_loss` what the product-of-errors estimate of the same part says.

    Args:
        response: a compiled program.
        states: patch states, shape (N, 2^n), that the response is fitted on.
    """
    clean = response.only(()).means(states)
    rows = []
    for name, sources in {**{s.value: (s,) for s in Source}, "all": tuple(Source)}.items():
        scores = response.only(sources).means(states)
        rows.append(
            {
                "source": name,
                "contrast_lost": 1.0 - AffineFit.of(clean, scores).slope,
                "shift": float(np.mean(scores - clean)),
                "estimated_loss": 1.0 - _estimated(response, name),
            }
        )
    return rows


def _estimated(response: DeviceResponse, name: str) -> float:
    price = response.program.price
    if name == "all":
        return price.estimated_fidelity
    if name == Source.MEASUREMENT:
        return price.measurement_fidelity
    return next(stage.fidelity for stage in price.stages if stage.stage.value == name)
