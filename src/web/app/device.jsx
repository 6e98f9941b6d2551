// One device: the sentence, who it talks to, when, what could be done about it, and every endpoint.
import { useState } from "preact/hooks";
import { post, useAnswer } from "./api.js";
import { Act } from "./act.jsx";
import { EndpointTable } from "./endpoints.jsx";
import { count, country, countryInText, day, organisation, plain } from "./format.js";
import { Flow } from "./flow.jsx";
import { Heat } from "./heat.jsx";
import { WorldMap } from "./map.jsx";
import { useNotes } from "./notes.jsx";
import { Card, link, Pill, Rich, Sentence, Waiting } from "./parts.jsx";
import { Tags } from "./tags.jsx";
import { t } from "./texts.js";

const WEEK = "7d";
const REFRESH = 30;

// Where most of its overseas names stand: {country, names, confidence, networks}.
function overseas(endpoints) {
	const byCountry = new Map();
	for (const row of endpoints.filter((endpoint) => endpoint.standing === "overseas")) {
		const had = byCountry.get(row.location) || { country: row.location, names: new Set(), networks: new Map(), sure: 0, all: 0 };
		had.names.add(row.name);
		had.networks.set(row.organisation, (had.networks.get(row.organisation) || 0) + row.count);
		had.all++;
		had.sure += row.confidence === "high";
		byCountry.set(row.location, had);
	}
	return [...byCountry.values()].sort((a, b) => b.names.size - a.names.size);
}

const confidenceOf = (place) => t.confidence(place.sure === place.all ? "high" : place.sure ? "partly high" : "medium");

// `week`: the sums of the week; `asked`: its names, those that were sinkholed most first.
function sentence(name, week, asked, endpoints) {
	const said = t.device.sentence;
	const places = overseas(endpoints);
	const parts = [{ strong: name }, ...said.asks(asked.all)];
	if (places.length) {
		const first = places[0];
		parts.push(...said.stand(first.names.size, countryInText(first.country), confidenceOf(first)));
		const who = [...first.networks].sort((a, b) => b[1] - a[1]).map(([network]) => network).filter(Boolean);
		if (who.length)
			parts.push(said.runBy(plain(organisation(who[0]))));
		for (const place of places.slice(1, 3))
			parts.push(", ", ...said.stand(place.names.size, countryInText(place.country), confidenceOf(place)));
	} else {
		parts.push(said.noneOverseas);
	}
	if (week.sinkhole) {
		parts.push(...said.sunk(week.sinkhole));
		const [most] = asked.names;
		if (most && most.sinkhole > 1)
			parts.push(said.retries(most.sinkhole / most.days));
	}
	parts.push(said.end);
	return parts;
}

// People give a name to whom the configuration does not name.
function Naming({ device, again }) {
	const [name, setName] = useState("");
	const notes = useNotes();
	const give = async (to, back) => {
		try {
			const named = await post("name", { device: device.id, name: to });
			setName("");
			notes.say(to ? t.device.renamed(plain(named.name)) : t.device.unnamed, back !== undefined && { word: t.devices.undo, run: () => give(back) });
			await again();
			location.replace(link("device", named.name));
		} catch (problem) {
			notes.fail(problem);
		}
	};
	if (device.named_by === "configuration")
		return null;
	const send = (event) => {
		event.preventDefault();
		if (name.trim())
			give(name.trim(), device.named_by === "person" ? device.name : "");
	};
	return (
		<form class="add-tag naming" onSubmit={send}>
			<input aria-label={t.device.nameLabel(device.name)} placeholder={t.device.name} value={name} onInput={(event) => setName(event.target.value)} />
			<button>{t.device.nameIt}</button>
		</form>
	);
}

function Facts({ device, again }) {
	const facts = [device.vendor || t.devices.noVendor, device.mac, device.hostname, ...(device.addresses || []).slice(0, 4)].filter(Boolean);
	return (
		<div class="facts">
			<Tags device={device} again={again} />
			<Naming device={device} again={again} />
			<span class="quiet">
				{facts.map(plain).join(" · ")}
				{device.first && " · " + t.device.since(day(device.first))}
				{device.mac_is_local && <Pill title={t.devices.localMac}>{t.devices.randomised}</Pill>}
			</span>
		</div>
	);
}

function Unknowable() {
	return (
		<Card className="wide" title={t.device.unknowable}>
			<ul class="plain-list quiet">
				{t.device.unknowableHow.map((sentence) => (
					<li>{sentence}</li>
				))}
			</ul>
		</Card>
	);
}

export function Device({ name }) {
	const devices = useAnswer("devices", null, REFRESH);
	const device = devices.data && devices.data.devices.find((row) => row.name === name || row.id === name);
	const asked = device ? device.id : null; // what the journal keeps, whatever it is called
	const week = useAnswer(asked && "overview", { device: asked, since: WEEK }, REFRESH);
	const names = useAnswer(asked && "names", { device: asked, since: WEEK, limit: 1 }, REFRESH);
	const endpoints = useAnswer(asked && "endpoints", { device: asked, since: WEEK }, REFRESH);
	const [cut, setCut] = useState(true);
	const [chosen, setChosen] = useState(null);
	if (!devices.data)
		return <Waiting answer={devices} />;
	if (!device)
		return <Sentence of={[t.device.missing(plain(name))]} />;
	const open = [week, names, endpoints].find((answer) => !answer.data);
	if (open)
		return (
			<>
				<Sentence of={[{ strong: device.name }]} />
				<Waiting answer={open} />
			</>
		);
	const all = endpoints.data.endpoints;
	const rows = chosen ? all.filter((row) => row.location === chosen) : all;
	return (
		<>
			<Sentence>
				<Rich of={sentence(device.name, week.data, names.data, all)} />
			</Sentence>
			<Facts device={device} again={devices.again} />
			<div class="grid">
				<Card className="two-thirds" title={t.device.map}>
					<WorldMap places={week.data.countries} home={week.data.home} onChoose={setChosen} how={t.device.mapHow} />
				</Card>
				<div class="third column">
					<Card title={t.device.when}>
						<Heat hours={week.data.hours} />
					</Card>
					<Card title={t.device.act}>
						<Act device={device} onChanged={week.again} />
					</Card>
				</div>
				<Card className="wide" title={t.device.flow}>
					{all.length ? <Flow device={device.name} endpoints={all} /> : <p class="quiet">{t.device.noEndpoints}</p>}
					<p class="quiet small">{t.device.flowHow}</p>
				</Card>
				<Card className="wide" title={`${t.device.endpoints} (${count(rows.length)})`}>
					{chosen && (
						<p>
							{t.device.only(country(chosen))} <button onClick={() => setChosen(null)}>{t.device.everywhere}</button>
						</p>
					)}
					{rows.length ? <EndpointTable rows={rows} device={device.name} most={cut ? 20 : Infinity} /> : <p class="quiet">{t.device.noEndpoints}</p>}
					{cut && rows.length > 20 && <button onClick={() => setCut(false)}>{t.showAll(rows.length)}</button>}
				</Card>
				<Unknowable />
			</div>
		</>
	);
}

