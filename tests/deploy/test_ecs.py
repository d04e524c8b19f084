"""The CloudFormation templates: what the linter says of them, and what they become on a server that speaks AWS."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from moto.ecs import models as ecs_models
from moto.moto_api import state_manager

from maoga.settings import Settings
from rest import users
from rest.app import NEWEST
from rest.server import KEEPALIVE_S
from tests.deploy.amazon import ECS, IMAGE, Amazon

pytestmark = pytest.mark.filterwarnings("ignore:Tried to parse AWS:UserWarning")  # moto's, of NOT_IN_MOTO

TEMPLATES = sorted(ECS.glob("*.yaml"))
ROLLED_OUT = [path for path in TEMPLATES if path.stem != "deployer"]
NOT_IN_MOTO = {
    "AWS::ApplicationAutoScaling::ScalableTarget",
    "AWS::ApplicationAutoScaling::ScalingPolicy",
    "AWS::CloudFront::CachePolicy",
    "AWS::CloudFront::Distribution",
    "AWS::CloudFront::Function",
    "AWS::CloudFront::ResponseHeadersPolicy",
}
"""What moto passes over in a template; cfn-lint alone has looked at these."""


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_the_linter_has_nothing_to_say(template: Path) -> None:
    command = [
        str(Path(sys.executable).with_name("cfn-lint")),
        "--regions",
        "eu-central-1,us-east-1",
        "--",
        str(template),
    ]
    linted = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (linted.returncode, linted.stdout + linted.stderr) == (0, "")


@pytest.fixture(scope="module")
def amazon() -> Iterator[Amazon]:
    state_manager.set_transition("ecs::task", {"progression": "immediate"})
    amazon = Amazon()
    yield amazon
    amazon.server.stop()
    state_manager.unset_transition("ecs::task")


@pytest.fixture(scope="module")
def staging(amazon: Amazon) -> Amazon:
    """The staging stacks, rolled out."""
    code, said = amazon.rollout("staging", *amazon.names())
    assert code == 0, said
    assert said.index("migration: arn:aws:ecs:") < said.index("maoga-staging-service: creating")
    return amazon


def template(name: str) -> dict[str, Any]:
    """A template's resources, with `{"Ref": ...}` for `!Ref` and the like."""
    from cfnlint.decode import cfn_yaml

    resources: dict[str, Any] = cfn_yaml.load(str(ECS / f"{name}.yaml"))["Resources"]
    return resources


def test_players_come_in_by_tls_and_plain_http_is_sent_there(staging: Amazon) -> None:
    elb = staging.client("elbv2")
    balancer = staging.resources("service")["Balancer"]
    found = elb.describe_load_balancers(LoadBalancerArns=[balancer])["LoadBalancers"][0]
    assert (found["Type"], found["Scheme"], len(found["AvailabilityZones"])) == ("application", "internet-facing", 2)
    listeners = elb.describe_listeners(LoadBalancerArn=balancer)["Listeners"]
    plain, secure = sorted(listeners, key=lambda listener: int(listener["Port"]))
    assert (plain["Port"], secure["Port"], secure["Protocol"]) == (80, 443, "HTTPS")
    assert plain["DefaultActions"][0]["RedirectConfig"] == {
        "Protocol": "HTTPS",
        "Port": "443",
        "StatusCode": "HTTP_301",
    }
    assert secure["SslPolicy"] == "ELBSecurityPolicy-TLS13-1-2-2021-06"
    assert len(secure["Certificates"]) == 1


def test_only_polling_sessions_are_sticky(staging: Amazon) -> None:
    elb, ids = staging.client("elbv2"), staging.resources("service")
    first, default = elb.describe_rules(ListenerArn=ids["Secure"])["Rules"]
    assert default["IsDefault"]
    assert [action["TargetGroupArn"] for action in default["Actions"]] == [ids["AnyGateway"]]
    assert [action["TargetGroupArn"] for action in first["Actions"]] == [ids["SameGateway"]]
    path, query = sorted(first["Conditions"], key=lambda condition: condition["Field"])
    assert path["PathPatternConfig"]["Values"] == ["/socket.io/*"]
    pairs = {(value["Key"], value["Value"]) for value in query["QueryStringConfig"]["Values"]}
    assert pairs == {("transport", "polling"), ("sid", "*")}
    assert (
        attributes(template("service")["AnyGateway"]["Properties"]["TargetGroupAttributes"])["stickiness.enabled"]
        == "false"
    )
    assert (
        attributes(template("service")["SameGateway"]["Properties"]["TargetGroupAttributes"])["stickiness.enabled"]
        == "true"
    )


def test_the_gateways_are_asked_whether_they_live(staging: Amazon) -> None:
    elb, ids = staging.client("elbv2"), staging.resources("service")
    groups = elb.describe_target_groups(TargetGroupArns=[ids["AnyGateway"], ids["SameGateway"]])["TargetGroups"]
    checks = {
        (group["TargetType"], group["Port"], group["HealthCheckPath"], group["Matcher"]["HttpCode"]) for group in groups
    }
    assert checks == {("ip", Settings.model_fields["port"].default, "/health/live", "200")}


def test_the_attributes_are_ones_that_amazon_knows(staging: Amazon) -> None:
    """moto passes over them in a template, so they are set by its API, which refuses others."""
    elb, ids, service = staging.client("elbv2"), staging.resources("service"), template("service")
    wanted = service["Balancer"]["Properties"]["LoadBalancerAttributes"]
    elb.modify_load_balancer_attributes(LoadBalancerArn=ids["Balancer"], Attributes=wanted)
    got = elb.describe_load_balancer_attributes(LoadBalancerArn=ids["Balancer"])["Attributes"]
    assert attributes(wanted).items() <= attributes(got).items()
    for group in ("AnyGateway", "SameGateway"):
        wanted = service[group]["Properties"]["TargetGroupAttributes"]
        elb.modify_target_group_attributes(TargetGroupArn=ids[group], Attributes=wanted)
        got = elb.describe_target_group_attributes(TargetGroupArn=ids[group])["Attributes"]
        assert attributes(wanted).items() <= attributes(got).items()


def test_a_silent_websocket_outlives_neither_the_balancer_nor_the_balancer_an_idle_connection() -> None:
    balancer = template("service")["Balancer"]["Properties"]["LoadBalancerAttributes"]
    idle_s = float(attributes(balancer)["idle_timeout.timeout_seconds"])
    fields = Settings.model_fields
    assert fields["ping_interval_s"].default + fields["ping_timeout_s"].default < idle_s < KEEPALIVE_S


def test_gateways_and_workers_run_the_image_without_privileges(staging: Amazon) -> None:
    ecs = staging.client("ecs")
    services = ecs.describe_services(cluster="maoga-staging", services=["gateways", "workers"])["services"]
    gateways, workers = sorted(services, key=lambda service: str(service["serviceName"]))
    balanced = template("service")["Gateways"]["Properties"]["LoadBalancers"]  # which moto leaves aside
    assert [each["TargetGroupArn"]["Ref"] for each in balanced] == ["AnyGateway", "SameGateway"]
    assert "LoadBalancers" not in template("service")["WorkersService"]["Properties"]
    assert workers["desiredCount"] == 2
    for service, role in ((gateways, "gateway"), (workers, "worker")):
        task = ecs.describe_task_definition(taskDefinition=service["taskDefinition"])["taskDefinition"]
        container = task["containerDefinitions"][0]
        environment = {pair["name"]: pair["value"] for pair in container["environment"]}
        assert (container["image"], environment["MAOGA_ROLE"]) == (IMAGE, role)
        assert (container["readonlyRootFilesystem"], container["user"]) == (True, "10001:10001")
        assert "privileged" not in container
        drain_s = float(environment.get("MAOGA_DRAIN_S", Settings.model_fields["drain_s"].default))
        assert drain_s + 10 <= container["stopTimeout"] <= 120
        secrets = secrets_of(container)
        assert {"MAOGA_SECRET_KEY", "MAOGA_DATABASE_URL", "MAOGA_REDIS_URL"} <= secrets.keys()
        assert all(name.startswith("/maoga/staging/") for name in secrets.values())
        assert not secrets.keys() & environment.keys()


def secrets_of(container: dict[str, Any]) -> dict[str, str]:
    """The parameters that become a container's secrets. moto leaves an empty place where CloudFormation leaves none."""
    return {pair["name"]: pair["valueFrom"] for pair in container["secrets"] if pair}


def test_the_roles_may_do_what_is_named_and_nothing_else() -> None:
    roles = {name: each for name, each in template("tasks").items() if each["Type"] == "AWS::IAM::Role"}
    allowed = {
        name: {
            action
            for policy in role["Properties"]["Policies"]
            for statement in policy["PolicyDocument"]["Statement"]
            for action in actions(statement)
        }
        for name, role in roles.items()
    }
    assert (
        allowed["WorkerRole"]
        == allowed["TaskRole"]
        == {"s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket"}
    )
    assert allowed["ExecutionRole"] == {
        "ssm:GetParameters",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "ecr:GetAuthorizationToken",
        "ecr:BatchCheckLayerAvailability",
        "ecr:BatchGetImage",
        "ecr:GetDownloadUrlForLayer",
        "secretsmanager:GetSecretValue",
    }
    assert not any("*" in action for actions_ in allowed.values() for action in actions_)


def test_workers_alone_take_backups_and_keys_are_passed_where_they_are_asked_for(staging: Amazon) -> None:
    """By their parameters: BackupCron is set for staging, a key of fields is not."""
    ecs = staging.client("ecs")
    named = {}
    for kind in ("gateway", "worker", "migration"):
        task = ecs.describe_task_definition(taskDefinition=f"maoga-staging-{kind}")["taskDefinition"]
        container = task["containerDefinitions"][0]
        named[kind] = secrets_of(container)
        environment = {pair["name"]: pair["value"] for pair in container["environment"]}
        assert (environment.get("MAOGA_BACKUP_CRON") == "15 3 * * *") == (kind == "worker")
        assert not {"MAOGA_FIELD_KEY", "MAOGA_FIELD_KEYS_ACCEPTED"} & named[kind].keys()
    assert {kind for kind, secrets in named.items() if "MAOGA_BACKUP_KEY" in secrets} == {"worker"}


def test_keys_that_are_being_changed_are_passed_to_all_tasks(amazon: Amazon) -> None:
    values = {"Environment": "production", "Image": IMAGE, "MediaBucket": "images", "BackupBucket": "backups"}
    values |= {"FieldKey": "yes", "FieldKeysAccepted": "yes", "SecretKeysAccepted": "yes"}
    amazon.client("cloudformation").create_stack(
        StackName="maoga-production-tasks",
        TemplateBody=(ECS / "tasks.yaml").read_text(),
        Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in values.items()],
        Capabilities=["CAPABILITY_IAM"],
    )
    for kind in ("gateway", "worker", "migration"):
        task = amazon.client("ecs").describe_task_definition(taskDefinition=f"maoga-production-{kind}")
        passed = secrets_of(task["taskDefinition"]["containerDefinitions"][0])
        for name in ("field-key", "field-keys-accepted", "secret-keys-accepted"):
            assert passed[f"MAOGA_{name.upper().replace('-', '_')}"] == f"/maoga/production/{name}"
        assert "MAOGA_BACKUP_KEY" not in passed


def test_only_the_environments_jobs_of_the_repository_may_roll_out(amazon: Amazon) -> None:
    stacks, iam = amazon.client("cloudformation"), amazon.client("iam")
    provider = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
    values = {"Environment": "staging", "Repository": "studio/maoga", "OidcProviderArn": provider}
    stacks.create_stack(
        StackName="maoga-staging-deployer",
        TemplateBody=(ECS / "deployer.yaml").read_text(),
        Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in values.items()],
        Capabilities=["CAPABILITY_IAM"],
    )
    role = iam.get_role(RoleName=amazon.resources("deployer")["Deployer"])["Role"]
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Federated": provider}
    assert trust["Condition"]["StringEquals"] == {
        "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
        "token.actions.githubusercontent.com:sub": "repo:studio/maoga:environment:staging",
    }
    (policy,) = (each["PolicyDocument"] for each in template("deployer")["Deployer"]["Properties"]["Policies"])
    assert {action for statement in policy["Statement"] for action in actions(statement)} == {
        "cloudformation:CreateStack",
        "cloudformation:DescribeStacks",
        "cloudformation:UpdateStack",
        "ecs:DescribeTasks",
        "ecs:RunTask",
        "iam:PassRole",
    }
    assert all(statement["Resource"] != "*" for statement in policy["Statement"])


def test_gateways_are_counted_by_connections_and_cpu() -> None:
    service = template("service")
    policies = [each["Properties"] for each in service.values() if each["Type"].endswith("ScalingPolicy")]
    by_connections, by_cpu = (policy["TargetTrackingScalingPolicyConfiguration"] for policy in policies)
    metrics = {metric["Id"]: metric for metric in by_connections["CustomizedMetricSpecification"]["Metrics"]}
    assert metrics["connections"]["MetricStat"]["Metric"]["MetricName"] == "ActiveConnectionCount"
    assert [name for name, metric in metrics.items() if metric["ReturnData"]] == ["players_per_gateway"]
    assert by_cpu["PredefinedMetricSpecification"]["PredefinedMetricType"] == "ECSServiceAverageCPUUtilization"
    assert "DesiredCount" not in service["Gateways"]["Properties"]


def test_amazon_takes_the_policies(staging: Amazon) -> None:
    """moto passes over them in a template, too; its API takes them as botocore's model of Amazon's allows."""
    scaling, service = staging.client("application-autoscaling"), template("service")
    count = {
        "ServiceNamespace": service["GatewayCount"]["Properties"]["ServiceNamespace"],
        "ScalableDimension": service["GatewayCount"]["Properties"]["ScalableDimension"],
        "ResourceId": "service/maoga-staging/gateways",
    }
    scaling.register_scalable_target(**count, MinCapacity=2, MaxCapacity=4)
    for name in ("ByConnections", "ByCpu"):
        policy = resolved(service[name]["Properties"])
        del policy["ScalingTargetId"]
        policy["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] = 1000.0
        scaling.put_scaling_policy(**count, **policy)
    kept = scaling.describe_scaling_policies(ServiceNamespace="ecs")["ScalingPolicies"]
    assert {policy["PolicyName"] for policy in kept} == {"connections", "cpu"}


def test_cloudfront_keeps_what_never_changes_and_serves_nothing_else() -> None:
    media = template("media")
    distribution = media["Distribution"]["Properties"]["DistributionConfig"]
    (avatars,) = distribution["CacheBehaviors"]
    (route,) = (route for route in users.routes if route.path.startswith("/avatars"))
    assert avatars["PathPattern"] == f"{NEWEST}{route.path.replace('{id}', '*')}"
    policy = media["Avatars"]["Properties"]["CachePolicyConfig"]
    assert policy["MaxTTL"] == users.KEEP_S
    query = policy["ParametersInCacheKeyAndForwardedToOrigin"]["QueryStringsConfig"]["QueryStrings"]
    assert route.query
    assert query == list(route.query.model_fields)
    headers = media["Immutable"]["Properties"]["ResponseHeadersPolicyConfig"]["CustomHeadersConfig"]["Items"]
    assert headers[0]["Value"] == f"public, max-age={users.KEEP_S}, immutable"
    assert distribution["DefaultCacheBehavior"]["FunctionAssociations"][0]["EventType"] == "viewer-request"
    assert "404" in media["NothingElse"]["Properties"]["FunctionCode"]
    assert distribution["ViewerCertificate"]["MinimumProtocolVersion"] == "TLSv1.2_2021"


def test_everything_else_was_made(staging: Amazon) -> None:
    """What moto does not know is listed, so that nobody takes it for tried."""
    declared = {each["Type"] for path in ROLLED_OUT for each in template(path.stem).values()}
    stacks = staging.client("cloudformation")
    listed = [stacks.list_stack_resources(StackName=f"maoga-staging-{path.stem}") for path in ROLLED_OUT]
    made = {each["ResourceType"] for answer in listed for each in answer["StackResourceSummaries"]}
    assert declared - made == NOT_IN_MOTO


def test_a_release_whose_migration_fails_does_not_reach_the_services(
    staging: Amazon, monkeypatch: pytest.MonkeyPatch
) -> None:
    def tasks() -> set[str]:
        services = staging.client("ecs").describe_services(cluster="maoga-staging", services=["gateways", "workers"])
        return {service["taskDefinition"] for service in services["services"]}

    def failing(container: Any, task_definition: Any) -> None:
        made(container, task_definition)
        container.exitCode = 1

    before, made = tasks(), ecs_models.Container.__init__
    with monkeypatch.context() as patch:
        patch.setattr(ecs_models.Container, "__init__", failing)
        code, said = staging.rollout("staging", "Image=registry.example/maoga:1.2.4")
    assert code == 1
    assert "the migration ended with 1" in said
    assert "maoga-staging-service" not in said
    assert tasks() == before
    code, said = staging.rollout("staging", "Image=registry.example/maoga:1.2.4")
    assert code == 0, said
    assert not tasks() & before


def test_a_rollout_that_is_not_told_everything_does_nothing(amazon: Amazon) -> None:
    code, said = amazon.rollout("production", f"Image={IMAGE}")
    assert code == 1
    assert said.startswith("rollout failed: say CertificateArn=...: Of AWS Certificate Manager")


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_every_parameter_in_a_file_is_one_of_a_template(environment: str) -> None:
    from cfnlint.decode import cfn_yaml

    values = json.loads((ECS / f"parameters/{environment}.json").read_text())
    assert values["Environment"] == environment
    assert set(values) <= {name for path in ROLLED_OUT for name in cfn_yaml.load(str(path))["Parameters"]}


def resolved(value: Any) -> Any:
    """A part of a template with some text in the place of what CloudFormation fills in."""
    if isinstance(value, dict):
        filled_in = len(value) == 1 and next(iter(value)) in {"Ref", "Fn::GetAtt", "Fn::Sub"}
        return "filled in" if filled_in else {str(key): resolved(each) for key, each in value.items()}
    return [resolved(each) for each in value] if isinstance(value, list) else value


def attributes(pairs: list[dict[str, str]]) -> dict[str, str]:
    return {pair["Key"]: pair["Value"] for pair in pairs}


def actions(statement: dict[str, Any]) -> list[str]:
    """What a statement allows, also one that stands there on a condition."""
    if "Fn::If" in statement:
        statement = statement["Fn::If"][1]
    action = statement["Action"]
    return [action] if isinstance(action, str) else action
