"""The Kubernetes manifests: that they are well-formed, and that what they say of Maoga is so."""

import shutil
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import kubernetes_validate
import pytest
import yaml
from prometheus_client import CollectorRegistry

from domain.core.images import UPLOAD_BYTES
from maoga.settings import Settings
from realtime.metrics import Metrics
from rest.upload import FORM_BYTES
from tests.deploy.kustomize import NoTarget, Object, build, containers, documents
from tests.support.services import ROOT

K8S = ROOT / "deploy/k8s"
OVERLAYS = sorted(path.parent for path in (K8S / "overlays").rglob("kustomization.yaml"))
STAGES = [K8S / "overlays/staging", K8S / "overlays/production"]
VERSIONS = ("1.30", "1.34", kubernetes_validate.latest_version())


@pytest.mark.parametrize("overlay", OVERLAYS, ids=lambda path: str(path.relative_to(K8S)))
@pytest.mark.parametrize("version", VERSIONS)
def test_the_result_of_every_overlay_is_well_formed(overlay: Path, version: str) -> None:
    objects = build(overlay)
    assert objects
    for each in objects:
        kubernetes_validate.validate(each, version, strict=True)
        assert each["metadata"]["namespace"].startswith("maoga-")


def test_the_check_finds_a_mistake() -> None:
    """Else the test above would show nothing."""
    gateway = next(each for each in build(STAGES[0]) if each["kind"] == "Deployment")
    gateway["spec"]["template"]["spec"]["containers"][0]["livenessprobe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError, match="livenessprobe"):
        kubernetes_validate.validate(gateway, VERSIONS[-1], strict=True)


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl, which Debian 12 has not, is not here")
@pytest.mark.parametrize("overlay", OVERLAYS, ids=lambda path: str(path.relative_to(K8S)))
def test_kustomize_makes_the_same_of_it(overlay: Path) -> None:
    built = subprocess.run(["kubectl", "kustomize", str(overlay)], capture_output=True, text=True, check=True).stdout

    def key(each: Object) -> tuple[str, str]:
        return each["kind"], each["metadata"]["name"]

    assert sorted(yaml.safe_load_all(built), key=key) == sorted(build(overlay), key=key)


def test_a_patch_without_a_target_is_found(tmp_path: Path) -> None:
    (tmp_path / "kustomization.yaml").write_text(
        f"resources: [{K8S / 'base/account.yaml'}]\npatches: [{{path: p.yaml}}]"
    )
    (tmp_path / "p.yaml").write_text("{apiVersion: v1, kind: ServiceAccount, metadata: {name: magoa}}")
    with pytest.raises(NoTarget, match="magoa"):
        build(tmp_path)


ROTATED = {"MAOGA_SECRET_KEYS_ACCEPTED", "MAOGA_FIELD_KEY", "MAOGA_FIELD_KEYS_ACCEPTED"}


@pytest.mark.parametrize("stage", STAGES, ids=lambda path: path.name)
class TestStage:
    """What one overlay says."""

    def test_pods_have_no_privileges_and_write_to_two_folders_only(self, stage: Path) -> None:
        for each in [*build(stage), *build(stage / "migrate")]:
            for container in containers(each):
                pod = each["spec"]["template"]["spec"]
                assert (pod["securityContext"]["runAsNonRoot"], pod["securityContext"]["runAsUser"]) == (True, 10001)
                assert pod["automountServiceAccountToken"] is False
                assert container["securityContext"] == {
                    "allowPrivilegeEscalation": False,
                    "readOnlyRootFilesystem": True,
                    "capabilities": {"drop": ["ALL"]},
                }
                assert {mount["mountPath"] for mount in container["volumeMounts"]} == {"/var/lib/maoga", "/tmp"}

    def test_the_image_has_an_exact_tag_and_the_migration_is_of_the_same_release(self, stage: Path) -> None:
        images = {
            container["image"] for each in [*build(stage), *build(stage / "migrate")] for container in containers(each)
        }
        assert len(images) == 1
        assert images.pop().rpartition(":")[2] not in {"", "latest", "maoga"}

    def test_a_pod_may_drain_before_it_is_killed(self, stage: Path) -> None:
        found = one(stage, "ConfigMap", "maoga")["data"]
        for name in ("maoga-gateway", "maoga-worker"):
            pod = one(stage, "Deployment", name)["spec"]["template"]["spec"]
            command = pod["containers"][0].get("lifecycle", {}).get("preStop", {}).get("exec", {}).get("command")
            pause_s = float(command[1]) if command else 0.0
            assert pause_s + float(found["MAOGA_DRAIN_S"]) + 10 <= pod["terminationGracePeriodSeconds"]
        assert command is None, "nobody comes to a worker"

    def test_probes_ask_ports_and_paths_there_are(self, stage: Path) -> None:
        fields = Settings.model_fields
        wanted = {
            "maoga-gateway": {(f"/health/{way}", fields["port"].default) for way in ("startup", "live", "ready")},
            "maoga-worker": {(f"/health/{way}", fields["metrics_port"].default) for way in ("startup", "live")},
        }
        for name, probes in wanted.items():
            container = one(stage, "Deployment", name)["spec"]["template"]["spec"]["containers"][0]
            ports = {port["name"]: port["containerPort"] for port in container["ports"]}
            asked = [probe["httpGet"] for key, probe in container.items() if key.endswith("Probe")]
            assert {(get["path"], ports[get["port"]]) for get in asked} == probes

    def test_secrets_are_named_and_none_is_there(self, stage: Path) -> None:
        objects = build(stage)
        assert "Secret" not in {each["kind"] for each in objects}
        for name in ("maoga-gateway", "maoga-worker"):
            environment = one(stage, "Deployment", name)["spec"]["template"]["spec"]["containers"][0]["env"]
            secret = {pair["name"] for pair in environment if "secretKeyRef" in pair.get("valueFrom", {})}
            assert {"MAOGA_SECRET_KEY", "MAOGA_DATABASE_URL", "MAOGA_REDIS_URL", "MAOGA_SMTP_URL", *ROTATED} <= secret
            assert ("MAOGA_BACKUP_KEY" in secret) == (name == "maoga-worker"), "workers alone take backups"
        assert not secret & one(stage, "ConfigMap", "maoga")["data"].keys()

    def test_backups_are_taken_by_a_timetable_and_leave_the_cluster(self, stage: Path) -> None:
        found = one(stage, "ConfigMap", "maoga")["data"]
        assert found["MAOGA_BACKUP_CRON"] and found["MAOGA_BACKUP_URL"].startswith("s3://")
        assert urlsplit(found["MAOGA_BACKUP_URL"]).netloc != urlsplit(found["MAOGA_MEDIA_URL"]).netloc

    def test_selectors_find_their_pods(self, stage: Path) -> None:
        labels = {
            each["metadata"]["name"]: each["spec"]["template"]["metadata"]["labels"]
            for each in build(stage)
            if each["kind"] == "Deployment"
        }
        service = one(stage, "Service", "maoga")["spec"]["selector"]
        assert service.items() <= labels["maoga-gateway"].items()
        policy = one(stage, "NetworkPolicy", "maoga")["spec"]["podSelector"]["matchLabels"]
        for name, has in labels.items():
            assert one(stage, "Deployment", name)["spec"]["selector"]["matchLabels"].items() <= has.items()
            assert one(stage, "PodDisruptionBudget", name)["spec"]["selector"]["matchLabels"].items() <= has.items()
            assert policy.items() <= has.items()
        migration = build(stage / "migrate")[0]["spec"]["template"]["metadata"]["labels"]
        assert policy.items() <= migration.items()
        assert not service.items() <= migration.items()

    def test_the_ingress_waits_longer_than_a_websocket_is_silent_and_takes_images(self, stage: Path) -> None:
        annotations = one(stage, "Ingress", "maoga")["metadata"]["annotations"]
        fields = Settings.model_fields
        silent_s = fields["ping_interval_s"].default + fields["ping_timeout_s"].default
        for direction in ("read", "send"):
            assert float(annotations[f"nginx.org/proxy-{direction}-timeout"].removesuffix("s")) > silent_s
        assert int(annotations["nginx.org/client-max-body-size"]) == UPLOAD_BYTES + FORM_BYTES
        assert annotations["nginx.org/websocket-services"] == one(stage, "Service", "maoga")["metadata"]["name"]

    def test_gateways_are_counted_by_connections_and_cpu(self, stage: Path) -> None:
        scaler = one(stage, "HorizontalPodAutoscaler", "maoga-gateway")["spec"]
        assert 2 <= scaler["minReplicas"] < scaler["maxReplicas"]
        pods, resource = scaler["metrics"]
        assert (pods["type"], resource["resource"]["name"]) == ("Pods", "cpu")
        rule = documents(K8S / "prometheus-adapter.yaml")[0]["rules"]["custom"][0]
        assert rule["name"]["as"] == pods["pods"]["metric"]["name"]
        assert "replicas" not in one(stage, "Deployment", "maoga-gateway")["spec"]
        told = CollectorRegistry()
        Metrics(told)
        assert rule["seriesQuery"].partition("{")[0] in {family.name for family in told.collect()}


def one(stage: Path, kind: str, name: str) -> Any:
    """The object of that kind and name."""
    found = [each for each in build(stage) if (each["kind"], each["metadata"]["name"]) == (kind, name)]
    assert len(found) == 1, (kind, name)
    return found[0]
