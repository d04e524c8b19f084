"""Brings a release to AWS: the stacks of this folder in their order, and the migrations before the services.

    python deploy/ecs/rollout.py staging Image=ghcr.io/OWNER/maoga@sha256:... [NAME=VALUE ...]

What is not named comes from parameters/ENVIRONMENT.json, from the stacks before, or is what it was. RoleARN=... is the
role that CloudFormation takes (`CloudFormation` of deployer.yaml); without it, it has the caller's rights. Region and
credentials are found as Amazon's own tools find them. Needs boto3 and PyYAML, of the group `deploy` in pyproject.toml.
"""

import json
import sys
from pathlib import Path
from typing import Any

import boto3
import yaml
from botocore.exceptions import WaiterError

HERE = Path(__file__).parent
STACKS = ("foundation", "tasks", "service", "media")
POLL = {"Delay": 5, "MaxAttempts": 720}
"""An hour: a migration may build indexes."""

Values = dict[str, str]


class RolloutFailed(Exception):
    """What has been done stays; the services have the release they had."""


class Template(yaml.SafeLoader):  # type: ignore[misc]
    """Reads a template's names, without the meaning of `!Ref` and its like."""


Template.add_multi_constructor("!", lambda loader, suffix, node: None)


def main(environment: str, *assignments: str) -> None:
    """Rolls out, step by step."""
    values: Values = json.loads((HERE / f"parameters/{environment}.json").read_text())
    values |= dict(assignment.split("=", 1) for assignment in assignments)
    stacks = boto3.client("cloudformation")
    check(stacks, environment, values)
    for name in STACKS:
        values |= deploy(stacks, environment, name, values)
        if name == "tasks":
            migrate(boto3.client("ecs"), values)
    say(f"rolled out; the players' host name stands for {values['BalancerName']}")


def check(stacks: Any, environment: str, values: Values) -> None:
    """Raises `RolloutFailed` when a parameter is missing, before anything is done."""
    told: set[str] = set(values)
    for name in STACKS:
        template = yaml.load((HERE / f"{name}.yaml").read_text(), Template)  # noqa: S506
        told |= _known(_described(stacks, f"maoga-{environment}-{name}"))
        for parameter, about in template["Parameters"].items():
            if parameter not in told and "Default" not in about:
                raise RolloutFailed(f"say {parameter}=...: {about.get('Description', 'it has no default')}")
        told |= set(template.get("Outputs", ()))


def deploy(stacks: Any, environment: str, name: str, values: Values) -> Values:
    """Makes the stack of a template, or brings it up to date; its outputs."""
    stack, body = f"maoga-{environment}-{name}", (HERE / f"{name}.yaml").read_text()
    old = _described(stacks, stack)
    declared = yaml.load(body, Template)["Parameters"]  # noqa: S506
    request = {
        "StackName": stack,
        "TemplateBody": body,
        "Capabilities": ["CAPABILITY_IAM"],
        "Parameters": [_parameter(name, declared[name], values, _known(old)) for name in declared],
    }
    if role := values.get("RoleARN"):
        request["RoleARN"] = role
    say(f"{stack}: {'updating' if old else 'creating'}")
    try:
        if old:
            stacks.update_stack(**request)
        else:
            stacks.create_stack(**request)
        stacks.get_waiter(f"stack_{'update' if old else 'create'}_complete").wait(StackName=stack, WaiterConfig=POLL)
    except stacks.exceptions.ClientError as error:
        if "No updates are to be performed" not in str(error):
            raise
        say(f"{stack}: is so already")
    return {output["OutputKey"]: output["OutputValue"] for output in _described(stacks, stack).get("Outputs", ())}


def migrate(ecs: Any, values: Values) -> None:
    """Runs the release's migrations and waits for their end; raises `RolloutFailed` unless it was a good one."""
    started = ecs.run_task(
        cluster=values["Cluster"],
        taskDefinition=values["MigrationTask"],
        launchType="FARGATE",
        networkConfiguration={
            "awsvpcConfiguration": {
                "subnets": values["PrivateSubnets"].split(","),
                "securityGroups": [values["TaskSecurityGroup"]],
                "assignPublicIp": "DISABLED",
            }
        },
    )
    if not started["tasks"]:
        raise RolloutFailed(f"the migration did not start: {started['failures']}")
    which = {"cluster": values["Cluster"], "tasks": [started["tasks"][0]["taskArn"]]}
    say(f"migration: {which['tasks'][0]}")
    ecs.get_waiter("tasks_stopped").wait(**which, WaiterConfig=POLL)
    task = ecs.describe_tasks(**which)["tasks"][0]
    code = task["containers"][0].get("exitCode")  # none when it never ran, as when the image could not be pulled
    if code != 0:
        raise RolloutFailed(f"the migration ended with {code}: {task.get('stoppedReason')} (its log says why)")


def say(text: str) -> None:
    """Prints at once, also into a log."""
    print(text, flush=True)  # noqa: T201


def _described(stacks: Any, stack: str) -> dict[str, Any]:
    """The stack; empty when there is none."""
    try:
        found: dict[str, Any] = stacks.describe_stacks(StackName=stack)["Stacks"][0]
    except stacks.exceptions.ClientError as error:
        if "does not exist" not in str(error):
            raise
        return {}
    return found


def _known(stack: dict[str, Any]) -> set[str]:
    """The parameters it was told before."""
    return {parameter["ParameterKey"] for parameter in stack.get("Parameters", ())}


def _parameter(name: str, about: dict[str, Any], values: Values, known: set[str]) -> dict[str, Any]:
    """What the template is told: what was said now, or before, or the default."""
    if name not in values and name in known:
        return {"ParameterKey": name, "UsePreviousValue": True}
    return {"ParameterKey": name, "ParameterValue": values[name] if name in values else str(about["Default"])}


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    try:
        main(*sys.argv[1:])
    except (RolloutFailed, WaiterError) as failure:
        sys.exit(f"rollout failed: {failure}")
