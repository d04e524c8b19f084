"""What a server's /metrics says."""

import urllib.request
from collections import defaultdict

from prometheus_client.parser import text_string_to_metric_families

from tests.support.server import MaogaServer


class Scrape:
    """The samples of some servers, added up. kinds: of the metrics, by name."""

    def __init__(self, *servers: MaogaServer) -> None:
        self.kinds: dict[str, str] = {}
        self.samples: dict[str, list[tuple[dict[str, str], float]]] = defaultdict(list)
        for server in servers:
            with urllib.request.urlopen(server.metrics_url, timeout=20) as response:
                text = response.read().decode()
            for family in text_string_to_metric_families(text):
                self.kinds[family.name] = family.type
                for sample in family.samples:
                    self.samples[sample.name].append((sample.labels, sample.value))

    def total(self, name: str, **labels: str) -> float:
        """The sum of the samples of that name that have these labels."""
        return sum(value for has, value in self.samples[name] if labels.items() <= has.items())
