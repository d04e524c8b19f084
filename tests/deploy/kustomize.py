"""What kustomize makes of an overlay, as far as ours go: resources, a namespace, labels, images and merge patches.

Where `kubectl` is at hand a test compares the two, so that nobody trusts this one alone.
"""

from pathlib import Path
from typing import Any

import yaml

Object = dict[str, Any]
KNOWN = {"apiVersion", "kind", "namespace", "labels", "resources", "images", "patches"}


class NoTarget(Exception):
    """A patch is for something that is not there."""


def build(folder: Path) -> list[Object]:
    """The objects of a folder with a kustomization.yaml. Raises `NoTarget`."""
    plan: Object = yaml.safe_load((folder / "kustomization.yaml").read_text())
    assert plan.keys() <= KNOWN, f"{folder} uses what this does not know: {plan.keys() - KNOWN}"
    objects: list[Object] = []
    for name in plan["resources"]:
        path = folder / name
        objects += build(path) if path.is_dir() else documents(path)
    for patch in plan.get("patches", ()):
        for change in documents(folder / patch["path"]):
            targets = [each for each in objects if identity(each) == identity(change)]
            if len(targets) != 1:
                raise NoTarget(f"{folder / patch['path']}: {identity(change)}")
            merge(targets[0], change)
    for each in objects:
        for labels in plan.get("labels", ()):
            each["metadata"].setdefault("labels", {}).update(labels["pairs"])
        if namespace := plan.get("namespace"):
            each["metadata"]["namespace"] = namespace
        for image in plan.get("images", ()):
            for container in containers(each):
                if container["image"] == image["name"]:
                    container["image"] = f"{image['newName']}:{image['newTag']}"
    return objects


def documents(path: Path) -> list[Object]:
    """The objects in a file."""
    return list(yaml.safe_load_all(path.read_text()))


def identity(each: Object) -> tuple[str, str, str]:
    """What a patch finds its target by."""
    return each["apiVersion"], each["kind"], each["metadata"]["name"]


def containers(each: Object) -> list[Object]:
    """The containers of a pod's template; none where there is no such."""
    found: list[Object] = each.get("spec", {}).get("template", {}).get("spec", {}).get("containers", [])
    return found


def merge(target: Object, change: Object) -> None:
    """Maps are merged, and containers by their names; other lists are replaced."""
    for key, value in change.items():
        if isinstance(value, dict) and isinstance(target.get(key), dict):
            merge(target[key], value)
        elif key == "containers" and key in target:
            named = {container["name"]: container for container in target[key]}
            for container in value:
                merge(named[container["name"]], container)
        else:
            target[key] = value
