import cirq
import pytest

from qpbae_tn.compiler.gates import Stage
from qpbae_tn.compiler.passes import EXACT_QUBITS, SINGLE_QUBITS, Checks, Pass, UntilStable, VerificationError, run
from qpbae_tn.compiler.program import Program

NAME = Pass("another", "says nothing of itself", lambda program: program)


def rotated(angle, count=2):
    qubits = cirq.LineQubit.range(count)
    gates = [cirq.ry(angle + 0.1 * i)(q).with_tags(Stage.ENCODER) for i, q in enumerate(qubits)]
    return Program.from_circuit(cirq.Circuit(gates, cirq.measure(*qubits, key="m")))


def test_a_different_circuit_is_found_out():
    checks = Checks()
    assert checks.compare(NAME, rotated(0.3), rotated(0.3)).deviation < 1e-15
    with pytest.raises(VerificationError, match="changed by"):
        checks.compare(NAME, rotated(0.3), rotated(0.31))


def test_what_is_too_large_is_not_called_verified():
    checks, count = Checks(), EXACT_QUBITS + 1
    given = rotated(0.3, count)
    assert checks.compare(NAME, given, rotated(0.3, count)).deviation is None
    assert checks.compare(NAME, given, rotated(0.3, count), last=True).deviation < 1e-5
    with pytest.raises(VerificationError):
        checks.compare(NAME, given, rotated(0.4, count), last=True)
    huge = rotated(0.3, SINGLE_QUBITS + 1)
    assert Checks().compare(NAME, huge, huge, last=True).statement.endswith("not computed: more than 23 qubits")


def test_passes_come_again_until_none_changes_anything():
    def drop(width):
        def apply(program):
            last = program.operations[-1] if program.operations else None
            keep = last is None or len(program.operations) % 3 != width
            return program if keep else program.with_operations(program.operations[:-1])

        return Pass(f"drop at {width}", "no check looks", apply)

    class Blind(Checks):
        def compare(self, step, before, after, *, last=False):
            return None

    program = rotated(0.3, 7)
    left, log = run(program, (UntilStable((drop(1), drop(0))),), Blind())
    assert len(left.operations) == 5
    assert [record.name for record in log] == ["drop at 1", "drop at 0"]
    same, log = run(left, (UntilStable((drop(1), drop(0))),), Blind())
    assert same is left
    assert log == ()
