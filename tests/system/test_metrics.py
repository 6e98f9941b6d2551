"""/metrics, read by Prometheus' own parser."""
import pytest

from harness import ANSWER_S, UnixConnection, ask, wait_until

parser = pytest.importorskip("prometheus_client.parser")

HOSTILE = 'say "hi\\ {there}\u202e="1"'


def check_histogram(family):
    """Each bucket holds what the ones before it hold, the last one all; seconds."""
    buckets = {}
    for sample in family.samples:
        if sample.name.endswith("_bucket"):
            buckets.setdefault(sample.labels["address"] + sample.labels["zones"], []).append((float(sample.labels["le"]), sample.value))
    counts = {s.labels["address"] + s.labels["zones"]: s.value for s in family.samples if s.name.endswith("_count")}
    assert bool(buckets) == (family.type == "histogram") and (not buckets or family.name.endswith("_seconds"))
    for series, pairs in buckets.items():
        assert pairs == sorted(pairs) and [n for _, n in pairs] == sorted(n for _, n in pairs) and pairs[-1] == (float("inf"), counts[series])


def metrics(daemon):
    """{(sample, its labels): value} and {family: type}"""
    connection = UnixConnection(str(daemon.folder / "control.sock"))
    try:
        connection.request("GET", "/metrics")
        response = connection.getresponse()
        assert response.status == 200 and response.getheader("Content-Type").startswith("text/plain; version=0.0.4")
        text = response.read().decode()
    finally:
        connection.close()
    families = list(parser.text_string_to_metric_families(text))
    assert len({f.name for f in families}) == len(families) and all(f.documentation for f in families)
    samples = {}
    for family in families:
        assert family.type in ("counter", "gauge", "histogram") and family.name.startswith("portafilter_")
        for sample in family.samples:
            key = (sample.name, frozenset(sample.labels.items()))
            assert key not in samples, "a series stands once"
            assert sample.name.endswith("_total") == (family.type == "counter")
            samples[key] = sample.value
        check_histogram(family)
    return samples


def test_what_prometheus_reads(portafilter, nsd):
    daemon = portafilter({"upstreams": [nsd.upstream], "forward": [{"zones": ["lan", "house"], "upstreams": [nsd.upstream]}],
                          "rules": [{"name": HOSTILE, "names": ["sunk.test"], "action": "sinkhole"}, {"name": "f", "names": ["us.test"], "action": "flag"}]})
    daemon.write_file("l.txt", "x.test\n")
    daemon.write(lists=[{"name": HOSTILE, "file": str(daemon.folder / "l.txt")}])
    assert daemon.cli("reload")[0] == 0
    for name in ("sunk.test", "sunk.test", "us.test", "cn.test", "cn.test"):
        ask(daemon.port, name)
    wait_until(lambda: daemon.status()["journal"]["journalled"] == 5, "all is written")
    found = metrics(daemon)

    def value(series, **labels):
        return found[(series, frozenset(labels.items()))]

    assert value("portafilter_queries_received_total") == 5
    assert [value("portafilter_queries_answered_total", action=a) for a in ("allow", "flag", "sinkhole")] == [2, 1, 2]
    assert value("portafilter_answers_total", source="cache") == 1
    assert value("portafilter_rule_matches_total", rule="1", name=HOSTILE, action="sinkhole") == 2
    assert value("portafilter_list_names", name=HOSTILE) == 1
    assert value("portafilter_upstream_queries_total", address=nsd.upstream, zones=".", protocol="udp") == 2
    assert value("portafilter_upstream_queries_total", address=nsd.upstream, zones="lan house", protocol="udp") == 0
    assert value("portafilter_upstream_latency_seconds_count", address=nsd.upstream, zones=".", protocol="udp") == 2
    assert 0 < value("portafilter_upstream_latency_seconds_sum", address=nsd.upstream, zones=".", protocol="udp") < 2 * ANSWER_S
    assert value("portafilter_list_hits_total", name=HOSTILE) == 0
    assert value("portafilter_journal_journalled_total") == 5 and value("portafilter_journal_dropped_total") == 0
    status = daemon.status()
    assert value("portafilter_build_info", version=status["version"]) == 1
    assert value("portafilter_snapshot_epoch") == status["snapshot"]["epoch"] == 2
