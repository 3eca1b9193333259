"""The page `noise`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from qpbae_tn.analysis.noise.charts import response_chart, stage_chart, strength_chart
from qpbae_tn.analysis.noise.document import noise_document
from qpbae_tn.analysis.noise.images import StudiedPatches
from qpbae_tn.analysis.noise.study import SHOTS, NoisePlan, NoiseStudy, run_study
from qpbae_tn.analysis.noise.training import training_rows
from qpbae_tn.analysis.pages import Report, ReportOptions
from qpbae_tn.compiler.preparation.mps import MpsPreparation
from qpbae_tn.compiler.readouts import get_readout
from qpbae_tn.compiler.targets.devices import load_target
from qpbae_tn.experiment.description import Experiment
from qpbae_tn.experiment.training import load_and_train, versions
from qpbae_tn.report.page import Block, Foot, Heading, Page, Table, Text, data_words
from qpbae_tn.report.render import rows_as_csv

TITLE = "Device noise"
READOUTS = ("latent", "destructive", "echo", "ancilla", "direct")
STRENGTHS = (0.01, 0.05, 0.2)
TARGETS = ("willow_pink", "weber", "rainbow")
TEST_IMAGES = 12
Row = dict[str, Any]


def make(options: ReportOptions) -> Page:
    """Run the study on the bundled textures, and on BUSI where it is given."""
    readouts = tuple(map(get_readout, READOUTS))
    preparation, seed = MpsPreparation(2), options.seed
    studies, training = [], []
    digests: dict[str, str] = {}

    def study(source: str | Path, size: int, strengths: tuple[float, ...], targets: Sequence[str]) -> None:
        loaded = load_and_train(
            Experiment(
                data=str(source), patch_size=size, stride=max(1, size // 2), bottleneck=1, test=TEST_IMAGES, seed=seed
            )
        )
        provenance = loaded.test.provenance
        digests[provenance.data_set] = provenance.digest
        plan = NoisePlan(strengths, tuple(map(load_target, targets)), readouts, preparation, 200, seed=seed)
        studies.append(run_study(StudiedPatches.of(loaded), plan, options.progress))
        if size == 2:
            options.progress("noise: noisy training")
            training.extend(training_rows(loaded, (0.2,), seed=seed))

    study("textures", 2, STRENGTHS, ())
    study("textures", 4, STRENGTHS, TARGETS)
    if "busi_32" in options.data:
        study(options.data["busi_32"], 2, (0.2,), ())
        study(options.data["busi_32"], 4, (0.2,), TARGETS)
    return page(noise_document(studies, training, seed=seed, digests=digests), studies, options)


def page(document: Row, studies: Sequence[NoiseStudy], options: ReportOptions) -> Page:
    """The page of a study's document; `studies` give the patches for the charts."""
    rows, stages = document["rows"], document["stage_rows"]
    depolarised = [row for row in rows if row["noise"] == "depolarising"]
    devices = [row for row in rows if row["noise"] == "calibrated"]
    points = [point for study in studies for point in study.points]
    blocks: list[Block] = [
        Text(_HOW),
        Heading("The authors' noise: p = 0.2 on every wire after every gate"),
        Text(_authors_words(depolarised)),
        response_chart(points, {"noise": "depolarising", "p": 0.2, "readout": "ancilla"}, "depolarised"),
        _response_table(depolarised, "Depolarising noise: the response of patch scores."),
        *_map_tables(depolarised, "Depolarising noise"),
        strength_chart(depolarised, rows[0]["data"]),
        Heading("Training with noise"),
        Text(_training_words(document["training_rows"])),
        _training_table(document["training_rows"]),
        Heading("Google's calibrated noise on compiled circuits"),
        Text(_device_words(devices)),
        response_chart(points, {"noise": "calibrated", "target": "willow_pink", "readout": "latent"}, "calibrated"),
        _response_table(devices, "Calibrated noise, P = 4, preparation mps:2: the response of patch scores."),
        *_map_tables(devices, "Calibrated noise, P = 4"),
        Heading("What a correction gives back"),
        Text(_correction_words(rows)),
        _alarm_table(rows),
        _bias_table(rows),
        Heading("Which part eats the fidelity"),
        Text(_STAGE_WORDS),
        stage_chart(stages, "willow_pink"),
        _stage_table(stages),
    ]
    names = dict.fromkeys(row["data"] for row in rows)
    return Page(
        name="noise",
        title=TITLE,
        lead=_lead(devices, depolarised),
        blocks=blocks,
        document=document,
        foot=Foot(
            options.command("noise"),
            options.seed,
            f"{data_words(names, document['digests'], 'test images')}; {TEST_IMAGES} of these each, 32 px, BD = 1, "
            "stride P/2",
            versions(),
        ),
        tables={name: rows_as_csv(document[name]) for name in ("rows", "stage_rows", "training_rows")},
    )


_HOW = (
    "The noisy scores of patches and maps are **exact**: the noisy density operator is followed in the Pauli basis, "
    "observables pulled back, patches pushed forward, for whole test sets; the statistical error is zero unless a "
    "column says shots. Agreement with Cirq's density-matrix simulator is tested to 1e-9. Depolarising noise is "
    "applied as in the authors' program: amplitude embedding without noise, then a channel on each wire after each "
    "RY, CNOT, SWAP, H and CSWAP, none decomposed. Calibrated noise is Google's own model on the compiled, placed, "
    "native circuit, preparation included.\n\n"
    "*Slope* is the contrast that is left, *scatter* the standard deviation of F about the line once the line is "
    "undone, *shots* how many times more shots give the same standard error of F. Undoing a line never changes AUROC "
    "or AUPRO: what changes them is the scatter, and the shots."
)
_STAGE_WORDS = (
    "Noise is switched on for one source at a time. *Lost* is one minus the slope against the same circuit without "
    "noise; *estimated* what the product of errors says. A merged gate counts for the latest stage in it. The "
    "estimate counts every error as fatal; many are not (an error on a qubit that is discarded, a Z before a "
    "measurement), so it mostly overstates the loss. Where it falls short, coherent errors and relaxation move scores "
    "in ways that a probability of failure does not know."
)


def _of(rows: Sequence[Row], **wanted: Any) -> list[Row]:
    return [row for row in rows if all(row[key] == value for key, value in wanted.items())]


def _lead(devices: Sequence[Row], depolarised: Sequence[Row]) -> str:
    words = []
    for data in dict.fromkeys(row["data"] for row in devices):
        of_f = _of(devices, target="willow_pink", data=data, quantity="F")
        worst, best = (pick(of_f, key=lambda r: r["response"]["slope"]["value"]) for pick in (min, max))
        down, up = (pick(of_f, key=lambda r: r["noisy_less_exact"]["auroc"]["value"]) for pick in (min, max))
        kept = " to ".join(_kept(row) for row in (worst, best))
        moved = " to ".join(_signed(row["noisy_less_exact"]["auroc"]) for row in (down, up))
        words.append(f"on {data} they keep {kept} of their contrast, and AUROC moves by {moved}")
    strong = _of(depolarised, p=0.2, readout="ancilla")
    left = [row["response"]["slope"]["value"] for row in strong]
    shots = [row["shots_factor"] for row in strong]
    sizes = " and ".join(dict.fromkeys(str(row["patch_size"]) for row in strong))
    data_sets = " and ".join(dict.fromkeys(row["data"] for row in strong))
    return (
        f"Readouts of F on Willow at P = 4, 95% intervals in brackets: {'; '.join(words)}. The authors' p = 0.2 leaves "
        f"their test circuit {min(left):.1%} to {max(left):.1%} of the contrast, and {min(shots):,.0f} to "
        f"{max(shots):,.0f} times the shots would be needed for the same standard error of F: the ranges are those of "
        f"P = {sizes} on {data_sets}. Training with that noise at P = 2 gives the same angles."
    )


def _kept(row: Row) -> str:
    slope = row["response"]["slope"]
    return f"{slope['value']:.0%} (`{row['readout']}`, {slope['low']:.0%} to {slope['high']:.0%})"


def _authors_words(rows: Sequence[Row]) -> str:
    words = []
    for row in _of(rows, p=0.2, readout="ancilla"):
        change, response = row["noisy_less_exact"]["auroc"], row["response"]
        words.append(
            f"- {row['data']}, P = {row['patch_size']}: slope {response['slope']['value']:.3f}, rank correlation "
            f"{response['rank_correlation']['value']:.3f}; AUROC changes by "
            f"{_signed(change)}. With 1000 shots a patch it is "
            f"{row['noisy_1000_shots']['auroc']['value']:.3f}, on a machine without noise "
            f"{row['exact_1000_shots']['auroc']['value']:.3f}."
        )
    return (
        "The authors' test circuit (`ancilla`):\n\n"
        + "\n".join(words)
        + "\n\nA change may be upwards: the part of the score that noise leaves behind ranks patches "
        "differently, and on these images sometimes better. It is no reason to want noise. Other readouts of the same "
        "F have fewer gates and keep more."
    )


def _training_words(rows: Sequence[Row]) -> str:
    distance, ratio = max(row["angle_distance"] for row in rows), rows[0]["first_gradient_ratio"]
    return (
        "In the training circuit at P = 2 the noisy score is an exact affine function of F_trash: its minimum lies "
        f"where it lay. Noise scales the gradient by {ratio:.3f}, and Adam divides that out. Trained with and without "
        f"noise from the same start, the angles differ by at most {distance:.1e} radians."
    )


def _device_words(devices: Sequence[Row]) -> str:
    words = []
    for data in dict.fromkeys(row["data"] for row in devices):
        latent = []
        for row in _of(devices, data=data, readout="latent"):
            share = row["scatter_of_preparation"] / (row["scatter_of_f"] or 1.0)
            latent.append(
                f"{row['target']}: AUROC changes by {_signed(row['noisy_less_exact']['auroc'])}; the truncated "
                f"preparation alone would make {share:.0%} of the scatter"
            )
        orders = []
        for target in dict.fromkeys(row["target"] for row in _of(devices, data=data)):
            members = _of(devices, target=target, data=data, quantity="F")
            order = sorted(members, key=lambda r: -r["response"]["slope"]["value"])
            orders.append(f"{target}: " + " > ".join(str(r["readout"]) for r in order))
        words.append(f"- `latent` on {data}: {'; '.join(latent)}. Readouts of F by contrast left: {'; '.join(orders)}.")
    return (
        "\n".join(words)
        + "\n\n`direct` measures F_trash, another quantity. On weber and rainbow each CZ takes two SYC gates."
    )


def _correction_words(rows: Sequence[Row]) -> str:
    before = [row["false_alarms_noisy"]["value"] for row in rows]
    after = [row["false_alarms_corrected"]["value"] for row in rows]
    return (
        "The line is fitted on patches of normal images and undone. With the threshold that was set without noise, the "
        f"share of normal pixels called anomalous is {min(before):.1%} to {max(before):.1%} before the correction and "
        f"{min(after):.1%} to {max(after):.1%} after it. What is left is the bias of anomalous patches, on which the "
        "line was not fitted. The scatter stays."
    )


def _number(value: float, digits: int, sign: str = "") -> str:
    """Rounded; zeros have no sign."""
    rounded = round(value, digits) + 0.0
    return f"{rounded:{sign if rounded else ''}.{digits}f}"


def _interval(value: Row, digits: int = 3) -> str:
    number, low, high = (_number(value[key], digits) for key in ("value", "low", "high"))
    return f"{number} ({low} to {high})"


def _metric(value: Row) -> str:
    """With ends to two digits, as a few images tell no more."""
    low, high = (_number(value[key], 2) for key in ("low", "high"))
    return f"{_number(value['value'], 3)} ({low} to {high})"


def _signed(value: Row) -> str:
    number, low, high = (_number(value[key], 3, "+") for key in ("value", "low", "high"))
    return f"{number} ({low} to {high})"


def _percent(value: Row, digits: int = 0) -> str:
    return f"{value['value']:.{digits}%} ({value['low']:.{digits}%} to {value['high']:.{digits}%})"


def _noise(row: Row) -> str:
    return f"p = {row['p']:g}" if row["target"] is None else str(row["target"])


def _start(row: Row) -> list[str]:
    return [f"{row['data']}, P={row['patch_size']}", _noise(row), row["readout"]]


_HEADER = ("data", "noise", "readout")


def _response_table(rows: Sequence[Row], caption: str) -> Table:
    header = [*_HEADER, "slope", "estimate", "bias", "scatter of F", "shots"]
    lines = [
        [
            *_start(row),
            _interval(row["response"]["slope"]),
            f"{row['estimated_fidelity']:.3f}",
            _signed(row["bias"]),
            f"{row['scatter_of_f']:.4f}",
            f"x{row['shots_factor']:,.1f}",
        ]
        for row in rows
    ]
    counts = [tuple(row["patches"].values()) for row in rows]
    told = (
        f"{caption} 95% intervals over patches (at most {max(n for n, _ in counts)} normal and "
        f"{max(n for _, n in counts)} anomalous ones): bootstrap for the slope, standard error for the bias."
    )
    return Table(header, lines, told)


def _map_tables(rows: Sequence[Row], caption: str) -> list[Table]:
    """Detection from noisy scores without shot noise, and from `SHOTS` shots a patch."""
    exact = [
        [
            *_start(row),
            _metric(row["noisy"]["auroc"]),
            _signed(row["noisy_less_exact"]["auroc"]),
            _metric(row["noisy"]["aupro"]),
            _signed(row["noisy_less_exact"]["aupro"]),
        ]
        for row in rows
    ]
    sampled = [
        [*_start(row), *(_metric(row[kind]["auroc"]) for kind in ("noisy_1000_shots", "exact_1000_shots", "exact"))]
        for row in rows
    ]
    note = f"95% bootstrap intervals over the {TEST_IMAGES} test images"
    return [
        Table(
            [*_HEADER, "AUROC", "less exact", "AUPRO", "less exact"],
            exact,
            f"{caption}: maps without shot noise, and how far they lie from those without device noise. {note}; those "
            "of differences are paired.",
        ),
        Table(
            [*_HEADER, "AUROC, noisy", "without noise", "no noise, no shots"],
            sampled,
            f"{caption}: maps from {SHOTS:,} shots a patch, drawn once. {note}; they leave out what another draw of "
            "the shots would change.",
        ),
    ]


def _corrected(rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row["p"] in (None, 0.2)]


def _alarm_table(rows: Sequence[Row]) -> Table:
    lines = [
        [*_start(row), *(_percent(row[f"false_alarms_{kind}"], 1) for kind in ("exact", "noisy", "corrected"))]
        for row in _corrected(rows)
    ]
    return Table(
        [*_HEADER, "exact", "noisy", "corrected"],
        lines,
        "False alarms: share of the normal test pixels above the threshold that was set without noise, before and "
        f"after undoing the line. 95% bootstrap intervals over the {TEST_IMAGES} test images.",
    )


def _bias_table(rows: Sequence[Row]) -> Table:
    lines = [
        [*_start(row), _interval(row["response_normal"]["slope"]), _interval(row["corrected_bias_anomalous"], 4)]
        for row in _corrected(rows)
    ]
    return Table(
        [*_HEADER, "slope on normal", "bias of F left, anomalous"],
        lines,
        "The line of normal patches, and what undoing it leaves on anomalous ones; on normal ones nothing is left on "
        "average. 95% intervals over patches.",
    )


def _training_table(rows: Sequence[Row]) -> Table:
    header = ["data", "p", "trained", "angles (rad)", "loss in training", "loss without noise", "AUROC, noisy test"]
    lines = [
        [
            f"{row['data']}, P={row['patch_size']}",
            f"{row['p']:g}",
            row["trained"],
            ", ".join(f"{angle:.5f}" for angle in row["angles"]),
            f"{row['loss_in_training']:.4f}",
            f"{row['loss_without_noise']:.6f}",
            _interval(row["noisy"]["auroc"]),
        ]
        for row in rows
    ]
    return Table(header, lines, "20 epochs of 100 images, Adam, the paper's settings.")


def _stage_table(rows: Sequence[Row]) -> Table:
    sources = list(dict.fromkeys(row["source"] for row in rows))
    cases = dict.fromkeys((row["data"], row["target"], row["readout"]) for row in rows)
    lines = []
    for data, target, readout in cases:
        members = _of(rows, data=data, target=target, readout=readout)
        cells = [f"{_number(row['contrast_lost'], 3)} / {_number(row['estimated_loss'], 3)}" for row in members]
        lines.append([data, target, readout, *cells])
    return Table(["data", "target", "readout", *sources], lines, "Contrast lost / estimated, P = 4.")


REPORT = Report(
    name="noise",
    title=TITLE,
    make=make,
    inputs=("analysis/noise", "compiler/lowering", "compiler/placement", "compiler/readouts.py", "compiler/price"),
)
