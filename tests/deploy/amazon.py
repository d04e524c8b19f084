"""A server that speaks AWS, and the rollouts of deploy/ecs to it."""

import os
import subprocess
import sys
from typing import Any

import boto3
from moto.server import ThreadedMotoServer

from tests.support.services import ROOT, free_port

ECS = ROOT / "deploy/ecs"
IMAGE = "registry.example/maoga:1.2.3"


class Amazon:
    """moto's server on loopback, spoken to by HTTP."""

    def __init__(self) -> None:
        self._port = free_port()
        self.server = ThreadedMotoServer("127.0.0.1", self._port, verbose=False)
        self.server.start()
        self.env = {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self._port}",
            "AWS_DEFAULT_REGION": "eu-central-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.env["AWS_ENDPOINT_URL"],
            region_name=self.env["AWS_DEFAULT_REGION"],
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def rollout(self, *arguments: str) -> tuple[int, str]:
        """Runs the script; its exit code and what it printed."""
        command = [sys.executable, str(ECS / "rollout.py"), *arguments]
        done = subprocess.run(
            command, env={**os.environ, **self.env}, capture_output=True, text=True, check=False, timeout=110
        )
        return done.returncode, done.stdout + done.stderr

    def names(self) -> list[str]:
        """What a rollout must be told."""
        certificate = self.client("acm").request_certificate(DomainName="*.maoga.example")["CertificateArn"]
        return [f"Image={IMAGE}", f"CertificateArn={certificate}", f"MediaCertificateArn={certificate}"]

    def resources(self, stack: str) -> dict[str, str]:
        """The physical ids of a stack's resources by their logical ones."""
        listed = self.client("cloudformation").list_stack_resources(StackName=f"maoga-staging-{stack}")
        return {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in listed["StackResourceSummaries"]}
