// Who is here. New and unknown ones stand on top, and are tagged in one step.
import { useState } from "preact/hooks";
import { useAnswer } from "./api.js";
import { count, plain } from "./format.js";
import { DeviceLink, Empty, Field, Pill, Rich, Sentence, Share, Table, Waiting, When, Card } from "./parts.jsx";
import { Tags } from "./tags.jsx";
import { t } from "./texts.js";

const REFRESH = 10;
const WEEK = "7d";
const PROPOSALS_MAX = 12; // each is a question of its own
const SHARE_REFRESH = 60;
const ADDRESSES_MAX = 2;

const waits = (device) => device.tags.includes("new") || device.tags.includes("unknown");
const order = (a, b) => waits(b) - waits(a) || (b.overseas_names || 0) - (a.overseas_names || 0) || (b.last || "").localeCompare(a.last || "");

function fits(device, words) {
	const text = [device.name, device.vendor, device.mac, device.hostname, ...device.tags, ...device.addresses].join(" ").toLowerCase();
	return words.every((word) => text.includes(word));
}

function Addresses({ device }) {
	const [first, rest] = [device.addresses.slice(0, ADDRESSES_MAX), device.addresses.length - ADDRESSES_MAX];
	return (
		<span class="quiet small">
			{first.map((address) => (
				<div>{plain(address)}</div>
			))}
			{rest > 0 && <div title={device.addresses.join("\n")}>{t.more(rest)}</div>}
			{device.mac && <div>{plain(device.mac)}</div>}
		</span>
	);
}

// `asks`: whether to ask what its names say of a device whose maker is not known.
function Vendor({ device, asks }) {
	const answer = useAnswer(asks && !device.vendor ? "proposals" : null, { device: device.id });
	const proposal = answer.data && answer.data.proposals[0];
	return (
		<>
			{device.mac_is_local ? <Pill title={t.devices.localMac}>{t.devices.randomised}</Pill> : plain(device.vendor)}
			{proposal && proposal.vendor && !device.vendor && (
				<div class="quiet small" title={proposal.reason}>
					{t.devices.proposal(plain(proposal.vendor), plain(proposal.kind))}
				</div>
			)}
		</>
	);
}

export function Devices() {
	const devices = useAnswer("devices", null, REFRESH);
	const week = useAnswer("overview", { since: WEEK }, SHARE_REFRESH);
	const [search, setSearch] = useState("");
	if (!devices.data)
		return <Waiting answer={devices} />;
	const all = devices.data.devices;
	const shares = new Map(((week.data || {}).devices || []).map((row) => [row.id, row]));
	const words = search.toLowerCase().split(/\s+/).filter(Boolean);
	const titles = t.devices.columns;
	if (!all.length)
		return (
			<>
				<Sentence of={[t.devices.empty]} />
				<Empty>{t.overview.emptyHow}</Empty>
			</>
		);
	return (
		<>
			<Sentence>
				<Rich of={t.devices.sentence(all.length, all.filter((device) => !device.known).length)} />
			</Sentence>
			<Waiting answer={devices} />
			<Card aside={<Field label={t.devices.search} type="search" value={search} onInput={setSearch} />} title={t.pages.devices}>
				<Table
					caption={t.pages.devices}
					columns={{ device: [titles.device, ""], vendor: [titles.vendor, ""], address: [titles.address, ""], tags: [titles.tags, ""], share: [titles.share, "bar-cell"], overseas: [titles.overseas, "number"], questions: [titles.questions, "number"], seen: [titles.seen, "number"] }}
					rows={all
						.filter((device) => fits(device, words))
						.sort(order)
						.map((device, i) => ({
							key: device.id,
							device: <DeviceLink device={device.name} />,
							vendor: <Vendor device={device} asks={i < PROPOSALS_MAX} />,
							address: <Addresses device={device} />,
							tags: <Tags device={device} again={devices.again} />,
							share: shares.has(device.id) && <Share of={shares.get(device.id)} />,
							overseas: device.overseas_names ? <strong class="loud">{count(device.overseas_names)}</strong> : "0",
							questions: count(device.queries),
							seen: <When at={device.last} />,
						}))}
				/>
			</Card>
		</>
	);
}
