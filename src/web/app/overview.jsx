// The first page: one sentence, the map, the hours, who stands overseas most, what is new.
import { useState } from "preact/hooks";
import { useAnswer } from "./api.js";
import { count, country, countryInText, join, percent, plain } from "./format.js";
import { WorldMap } from "./map.jsx";
import { Card, DeviceLink, Empty, link, Name, Pill, Rich, Sentence, Share, Standing, Table, Waiting } from "./parts.jsx";
import { Legend, Series } from "./series.jsx";
import { t } from "./texts.js";

const REFRESH = 15;
const NAMES_REFRESH = 60;
const ROWS = 7;
const DAY = "24h";

function Countries({ places, onChoose }) {
	const [whole, setWhole] = useState(false);
	const all = places.reduce((sum, place) => sum + place.queries, 0);
	const rows = whole ? places : places.slice(0, ROWS);
	if (!places.length)
		return <p class="quiet">{t.overview.nothingPlaced}</p>;
	return (
		<>
			<Table
				caption={t.overview.countries}
				className="bare"
				columns={{ place: ["", ""], queries: ["", "number"], share: ["", "number quiet"] }}
				rows={rows.map((place) => ({
					key: place.country + place.standing,
					place: (
						<>
							<button class="plain" onClick={() => onChoose(place.country)}>
								{place.country ? country(place.country) : place.standing === "indeterminate" ? t.overview.anycast : t.unknownPlace}
							</button>{" "}
							<Standing standing={place.standing} />
						</>
					),
					queries: count(place.queries),
					share: percent(place.queries, all),
				}))}
			/>
			{places.length > ROWS && !whole && (
				<button class="plain quiet" onClick={() => setWhole(true)}>
					{t.showAll(places.length)}
				</button>
			)}
		</>
	);
}

function Place({ code, onClose }) {
	const answer = useAnswer("endpoints", { location: code, since: DAY, limit: 200 });
	const rows = answer.data ? answer.data.endpoints.toSorted((a, b) => b.count - a.count) : [];
	const seen = new Map();
	for (const row of rows) {
		const key = row.device + "\n" + row.name;
		seen.set(key, { ...row, count: Math.max(row.count, (seen.get(key) || row).count) });
	}
	return (
		<Card className="wide" title={t.overview.place(country(code))} aside={<button onClick={onClose}>{t.close}</button>}>
			<Waiting answer={answer} />
			{answer.data && (
				<Table
					caption={t.overview.place(country(code))}
					columns={{ device: [t.endpoints.columns.device, ""], name: [t.endpoints.columns.name, ""], network: [t.endpoints.columns.network, ""], standing: [t.endpoints.columns.standing, ""], asked: [t.endpoints.columns.asked, "number"] }}
					rows={[...seen.values()].slice(0, 50).map((row) => ({
						key: row.device + row.name,
						device: <DeviceLink device={row.device} />,
						name: <Name>{row.name}</Name>,
						network: plain(row.organisation),
						standing: <Standing standing={row.standing} confidence={row.confidence} />,
						asked: count(row.count),
					}))}
				/>
			)}
		</Card>
	);
}

const tagsOf = (device) => (device.tags || []).filter((tag) => tag !== "all");

function Devices({ overview, devices }) {
	const known = new Map(devices.map((device) => [device.id, device]));
	const overseas = (row) => ((row.overseas || 0) + (row.disputed || 0) + (row.sinkhole || 0)) / Math.max(1, row.queries);
	const rows = overview.devices.toSorted((a, b) => overseas(b) - overseas(a) || b.queries - a.queries).slice(0, 8);
	const columns = t.overview;
	return (
		<Table
			caption={t.overview.devices}
			columns={{ device: [columns.device, ""], tags: [columns.tags, ""], answers: [columns.answers, "bar-cell"], questions: [columns.questions, "number"] }}
			rows={rows.map((row) => ({
				key: row.id,
				device: <DeviceLink device={row.device} />,
				tags: tagsOf(known.get(row.id) || {}).map((tag) => <Pill kind={tag === "new" ? "fresh" : ""}>{plain(tag)}</Pill>),
				answers: <Share of={row} />,
				questions: count(row.queries),
			}))}
		/>
	);
}

// Names that were asked for the first time by devices that were here before: [[device, names], …], the one with the fewest first, since
// that says most.
function firstNames(rows, devices, since) {
	const before = new Set(devices.filter((device) => device.first && new Date(device.first) <= since).map((device) => device.name));
	const byDevice = new Map();
	for (const row of rows.filter((one) => before.has(one.device)))
		byDevice.set(row.device, (byDevice.get(row.device) || new Set()).add(row.name));
	return [...byDevice].map(([device, names]) => [device, [...names]]).sort((a, b) => a[1].length - b[1].length);
}

function News({ events, devices, names }) {
	const since = Date.now() - 86400000;
	const joined = devices.filter((device) => device.first && new Date(device.first) > since && !device.known);
	const moved = events.filter((event) => event.cause !== "database").slice(-6).reverse();
	const first = firstNames(names, devices, since);
	if (!joined.length && !moved.length && !first.length)
		return <p class="quiet">{t.overview.freshNone}</p>;
	return (
		<ul class="news">
			{joined.slice(0, 4).map((device) => (
				<li>
					<DeviceLink device={device.name} /> {t.overview.joined}
					{device.vendor && ", " + plain(device.vendor)}. <a href={link("devices")}>{t.overview.tag}</a>
				</li>
			))}
			{moved.map((event) => (
				<li title={event.evidence}>
					<DeviceLink device={event.device} />
					{event.kind === "new-country" ? (
						<>
							<Rich of={t.overview.metCountry(join(event.after.split(" ").slice(0, 4).map(countryInText)))} />
							<Name>{event.name}</Name>
						</>
					) : (
						<>
							: <Name>{event.name}</Name>
							{t.overview.moved(event.before, event.after)}
						</>
					)}
				</li>
			))}
			{first.slice(0, 4).map(([device, asked]) => (
				<li>
					<DeviceLink device={device} />
					<Rich of={t.overview.firstNames(asked.length)} />
					{asked.slice(0, 3).map((name, i) => (
						<>
							{i > 0 && ", "}
							<Name>{name}</Name>
						</>
					))}
					{asked.length > 3 && t.overview.moreNames(asked.length - 3)}
				</li>
			))}
		</ul>
	);
}

function Health({ status }) {
	const ill = status.warnings.length;
	const columns = t.health.upstreamColumns;
	return (
		<>
			<p>
				<Rich of={ill ? t.health.ill(ill) : t.health.well} />
			</p>
			<Table
				caption={t.health.upstreams}
				columns={{ address: [columns.address, ""], rtt: [columns.rtt, "number"], loss: [columns.loss, "number"] }}
				rows={status.upstreams.map((row) => ({ key: row.address, address: plain(row.address), rtt: row.rtt_ms === null ? "" : t.ms(row.rtt_ms), loss: percent(row.loss, 1) || "0%" }))}
			/>
			<p class="small">
				<a href={link("health")}>{t.overview.healthMore}</a>
			</p>
		</>
	);
}

function Said({ overview }) {
	const { devices } = overview;
	const overseas = devices.filter((row) => row.overseas).length;
	return <Sentence of={t.overview.sentence(devices.length, overview.queries, overseas, overview.sinkhole)} />;
}

export function Overview({ tone }) {
	const overview = useAnswer("overview", { since: DAY }, REFRESH);
	const devices = useAnswer("devices", null, REFRESH);
	const events = useAnswer("events", { since: DAY, limit: 100 }, REFRESH);
	const status = useAnswer("status", null, REFRESH);
	const names = useAnswer("endpoints", { since: DAY, new: 1, limit: 200 }, NAMES_REFRESH);
	const [chosen, setChosen] = useState(null);
	if (!overview.data)
		return <Waiting answer={overview} />;
	const data = overview.data;
	if (!data.queries)
		return (
			<>
				<Sentence of={[t.overview.empty]} />
				<Empty how={t.overview.unseen}>{t.overview.emptyHow}</Empty>
			</>
		);
	const labels = status.data ? status.data.databases.filter((base) => base.kind === "location").map((base) => base.label) : [];
	return (
		<>
			<Said overview={data} />
			{!data.home.length && <p class="notice">{t.overview.noHome}</p>}
			<Waiting answer={{ ...overview, data: true }} />
			<div class="grid">
				<Card className="two-thirds" title={t.overview.map}>
					<WorldMap places={data.countries} home={data.home} onChoose={setChosen} />
				</Card>
				<Card className="third" title={t.overview.countries}>
					<Countries places={data.countries} onChoose={setChosen} />
					<p class="quiet small">
						{status.data && (labels.length ? t.overview.databases(join(labels)) : t.overview.noDatabases)} {t.overview.unseen}
					</p>
				</Card>
				{chosen && <Place code={chosen} onClose={() => setChosen(null)} />}
				<Card className="wide" title={t.overview.hours} aside={<Legend hours={data.hours} />}>
					<Series hours={data.hours} tone={tone} />
				</Card>
				<Card className="half-more" title={t.overview.devices}>
					<Devices overview={data} devices={devices.data ? devices.data.devices : []} />
				</Card>
				<div class="half-less column">
					<Card title={t.overview.fresh}>{devices.data && events.data && names.data && <News events={events.data.events} devices={devices.data.devices} names={names.data.endpoints} />}</Card>
					<Card title={t.overview.health}>{status.data && <Health status={status.data} />}</Card>
				</div>
			</div>
		</>
	);
}
