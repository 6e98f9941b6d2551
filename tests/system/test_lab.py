"""The lab of contrib/quickstart --lab shows what it promises, with its own configuration."""
import dns.rcode
import pytest

from harness import GEOIP, ROOT, TOP, addresses, ask, ede, free_port, wait_until

COFFEE, TV, CAMERA, SPEAKER, VACUUM = (f"127.0.0.{n}" for n in (11, 12, 13, 15, 16))


@pytest.fixture
def lab(portafilter, nsd, geo):
    daemon = portafilter(ready=False)
    text = (TOP / "contrib/lab/portafilter.yaml.in").read_text()
    for key, value in (("@USER@", "user: nobody" if ROOT else ""), ("127.0.0.1:@DNS_PORT@", f"127.0.0.1:{daemon.port}"),
                       ("127.0.0.1:@NSD_PORT@", nsd.upstream), ("@WEB_PORT@", str(free_port())), ("@TOP@/build/lab", str(daemon.folder)),
                       ("@TOP@/build/GeoIP", str(GEOIP)), ("@TOP@", str(TOP))):
        assert key in text
        text = text.replace(key, value)
    # as every daemon of the tests: what it has no use for ends it, and valgrind has its own ways
    daemon.write(text=f"{text}\nsandbox: {daemon.config['sandbox']}\n")
    daemon.start()
    return daemon


def test_what_the_lab_promises(lab):
    status = lab.status()
    assert status["devices"]["configured"] >= 6 and status["lists"]["names"] > 300

    sunk = ask(lab.port, "ot.io.mi.com", source=COFFEE)
    assert sunk.rcode() == dns.rcode.NXDOMAIN and ede(sunk)[0] == 15 and "in CN" in ede(sunk)[1]
    assert addresses(ask(lab.port, "ot.io.mi.com", source=TV))

    assert addresses(ask(lab.port, "m4.iotcplatform.com", source=CAMERA))
    flagged = lab.json("log", "--action", "flag")["queries"] if lab.rows(3) else []
    assert [(q["device"], q["name"]) for q in flagged] == [("yard camera", "m4.iotcplatform.com")]

    code, text, _ = lab.cli("explain", "lobby coffee", "ot.io.mi.com")
    assert code == 0 and ede(sunk)[1] in " ".join(text.split())
    code, text, _ = lab.cli("endpoints", "--standing", "overseas")
    assert code == 0 and "ot.io.mi.com" in text and "m4.iotcplatform.com" in text and "CN" in text
    code, text, _ = lab.cli("log")
    assert code == 0 and "lobby coffee" in text and "lounge tv" in text and "yard camera" in text


def test_the_other_rules_of_the_lab(lab):
    assert addresses(ask(lab.port, "upgrades.electricimp.com", source=COFFEE)), "firmware may come from Ireland"
    for source, name in ((TV, "scribe.logs.roku.com"), (SPEAKER, "device-metrics-us.amazon.com"), (CAMERA, "logsink.devices.nest.com")):
        assert addresses(ask(lab.port, name, source=source)) == ["0.0.0.0"], name
    assert addresses(ask(lab.port, "home.mi.com", source=VACUUM))
    assert {(r["device"], r["action"], r["rule"]) for r in lab.rows(5)} >= {
        ("lobby coffee", "allow", "firmware updates"), ("lounge tv", "sinkhole", "vendor telemetry"),
        ("hall vacuum", "flag", "where do cameras call")}


def test_all_names_of_the_lab(lab):
    """Asked by the coffee machine: what stands overseas for sure goes down the sink, the rest is answered."""
    asked = [line.split("\t")[0] for line in (TOP / "contrib/lab/names.tsv").read_text().splitlines() if not line.startswith("#")]
    sunk = 0
    for name in dict.fromkeys(asked):
        reply = ask(lab.port, name, source=COFFEE, payload=4096)
        sunk += reply.rcode() == dns.rcode.NXDOMAIN
    assert sunk >= 150
    assert len(lab.rows(len(set(asked)))) == len(set(asked)) >= 500
    overseas = "SELECT count(DISTINCT name) AS n FROM v_endpoints WHERE location = 'CN' AND standing = 'overseas'"
    # endpoints may come a moment after the rows
    wait_until(lambda: lab.journal(overseas)[0]["n"] >= 40, "40 names have an endpoint in China")
