"""States per mail in the machines as they are deployed: AWS charges for each transition."""

from pathlib import Path

from samtranslator.yaml_helper import yaml_parse

from tests.bench.figures import Figure

BOUND = 2.0
MACHINES = Path(__file__).parents[2] / "infra" / "workflows.yaml"


def measure() -> list[Figure]:
    """The most of all workflows. A Choice stands only where the author wrote one; an end is passed once."""
    resources = yaml_parse(MACHINES.read_text("utf-8"))["Resources"].values()
    machines = [each for each in resources if each["Type"] == "AWS::StepFunctions::StateMachine"]
    ratios = []
    for machine in machines:
        kinds = [state["Type"] for state in machine["Properties"]["Definition"]["States"].values()]
        ratios.append((kinds.count("Wait") + kinds.count("Task")) / kinds.count("Task"))
    return [
        Figure(f"states per mail, the most of {len(ratios)} machines", max(ratios), bound=BOUND),
    ]
