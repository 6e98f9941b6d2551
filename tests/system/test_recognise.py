"""Recognition by names: who made a device, proposed from what it asks, with the evidence, and nothing is tagged."""
import json
import subprocess

import pytest

from harness import BUILD, TOP, wait_until

TABLE = TOP / "src/recognise/evidence.tsv"
DEVICES = {
    "plug": ("127.0.0.21", ["m2.tuyaeu.com", "a1.tuyaus.com", "h2.iot-dns.com", "pool.ntp.org"]),
    "tv": ("127.0.0.22", ["fkp.samsungcloudsolution.com", "log-ingestion-eu.samsungacr.com", "osb.samsungqbe.com",
                          "www.netflix.com", "www.example.org"]),
    "both": ("127.0.0.23", ["m1.tuyaus.com", "osb.samsungqbe.com"]),
    "laptop": ("127.0.0.24", ["www.example.org", "m1.tuyaus.com"] + [f"www.site{i}.net" for i in range(30)]),
    "quiet": ("127.0.0.25", ["pool.ntp.org", "printer.local"]),
}


@pytest.fixture
def house(portafilter, upstream):
    """Five devices that have asked; the plug's telemetry is sunk, so that some names have no endpoint."""
    def start(**more):
        return portafilter({
            "upstreams": [upstream().upstream], "recognise": str(TABLE),
            "devices": [{"name": name, "ip": ip, "tags": ["mine"]} for name, (ip, _) in DEVICES.items()],
            "lists": [{"name": "sunk", "file": str(TOP / "blocklists/smart-tv.txt")}],
            "rules": [{"name": "no tuya", "names": ["*.tuyaeu.com"], "action": "sinkhole"},
                      {"name": "tv", "lists": ["sunk"], "action": "sinkhole"}], **more})
    return start


def ask_all(daemon):
    for ip, names in DEVICES.values():
        for name in names:
            daemon.ask(name, source=ip)
    count = sum(len(names) for _, names in DEVICES.values())
    daemon.rows(count)
    # what is proposed goes by sums, which follow the rows
    wait_until(lambda: {name: row["names"] for name, row in proposals(daemon).items()} == {name: len(names) for name, (_, names) in DEVICES.items()},
               "all names are counted")


def proposals(daemon, *arguments):
    return {row["device"]: row for row in daemon.json("devices", "--proposals", *arguments)["proposals"]}


def test_what_is_proposed_and_what_is_not(house):
    daemon = house()
    ask_all(daemon)
    told = proposals(daemon)
    assert {name: (row["vendor"], row["kind"]) for name, row in told.items()} == {
        "plug": ("Tuya", None), "tv": ("Samsung", "tv"), "both": (None, None), "laptop": (None, None), "quiet": (None, None)}
    plug = told["plug"]
    assert plug["score"] == 0.999 and plug["id"] == "name:plug" and plug["names"] == 4 and not plug["against"]
    assert {row["suffix"]: (row["example"], row["names"]) for row in plug["for"]} == {
        "tuyaeu.com": ("m2.tuyaeu.com", 1), "tuyaus.com": ("a1.tuyaus.com", 1), "iot-dns.com": ("h2.iot-dns.com", 1)}
    assert all(row["vendor"] == "Tuya" and row["weight"] > 2 and row["sources"] for row in plug["for"])
    assert {row["vendor"] for row in told["both"]["for"] + told["both"]["against"]} == {"Tuya", "Samsung"}
    assert "Tuya" in told["both"]["reason"] and "Samsung" in told["both"]["reason"]
    assert "31 domains that the table does not know" in told["laptop"]["reason"]
    assert told["quiet"]["for"] == [] and told["quiet"]["score"] == 0


def test_nothing_is_tagged(house):
    daemon = house()
    before = daemon.json("devices")["devices"]
    ask_all(daemon)
    proposals(daemon)
    after = {row["name"]: row["tags"] for row in daemon.json("devices")["devices"]}
    assert {row["name"]: row["tags"] for row in before}.items() <= after.items()
    assert all("mine" in after[name] for name in DEVICES)
    assert "Tuya" not in json.dumps(daemon.json("devices"))


def test_one_device_a_limit_and_text(house):
    daemon = house()
    ask_all(daemon)
    assert list(proposals(daemon, "--device", "tv")) == ["tv"]
    assert proposals(daemon, "--since", "1h") == proposals(daemon)
    assert proposals(daemon, "--since", "2099-01-01T00:00:00Z") == {}
    document = daemon.json("devices", "--proposals", "--limit", "2")
    assert [row["device"] for row in document["proposals"]] == ["both", "laptop"] and document["more"]
    assert not daemon.json("devices", "--proposals", "--limit", "5")["more"]
    code, text, err = daemon.cli("devices", "--proposals", "--device", "plug")
    assert code == 0 and "plug (name:plug): Tuya, score 0.999" in text and "m2.tuyaeu.com" in text
    assert "nothing is tagged" in err
    assert daemon.cli("devices", "--device", "plug")[0] == 2
    assert daemon.cli("devices", "--proposals", "--unknown")[0] == 2


def test_without_the_daemon_and_with_it_off(house):
    daemon = house()
    ask_all(daemon)
    with_daemon = proposals(daemon)
    daemon.stop()
    assert proposals(daemon) == with_daemon
    daemon.write(recognise="off")
    code, _, err = daemon.cli("devices", "--proposals")
    assert code == 3 and "recognise: off" in err
    daemon.start()
    code, _, err = daemon.cli("devices", "--proposals")
    assert code == 1 and "recognise: off" in err
    daemon.write(recognise=str(daemon.folder / "nowhere.tsv"))
    assert daemon.cli("reload")[0] == 0
    code, _, err = daemon.cli("devices", "--proposals")
    assert code == 1 and "nowhere.tsv" in err


def test_the_table_is_made_again_byte_for_byte(tmp_path):
    subprocess.run([TOP / "contrib/recognise/make-evidence", tmp_path / "evidence.tsv"], check=True, capture_output=True)
    assert (tmp_path / "evidence.tsv").read_bytes() == TABLE.read_bytes()


def test_the_figures_of_the_bench():
    """Devices held out with their study, new names of known vendors, and strangers: what README promises."""
    judge = BUILD / "tests/bench/judge_names"
    made = subprocess.run(["make", "-C", BUILD / "tests", "bench/judge_names"], check=False, capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    told = subprocess.run([TOP / "contrib/recognise/bench", judge, "--json"], check=True, capture_output=True, text=True).stdout
    figures = json.loads(told)
    assert figures["studies"]["right"] >= 22 and figures["studies"]["wrong"] == figures["studies"]["strangers_wrong"] == 0
    assert figures["studies"]["kinds_wrong"] == 0
    assert figures["names"]["right"] >= 100 and figures["names"]["wrong"] == 0
    assert figures["strangers"]["strangers_wrong"] == 0 and figures["strangers"]["strangers_right"] >= 50
