// Every endpoint: one device, one name, one address. Rows that differ in the address only are shown as one.
import { useState } from "preact/hooks";
import { get, query, useAnswer } from "./api.js";
import { count, country, plain, STANDINGS } from "./format.js";
import { Card, DeviceLink, Field, link, Name, Rich, Sentence, Standing, Table, Waiting, When } from "./parts.jsx";
import { Signed } from "./signed.jsx";
import { t } from "./texts.js";

const ROWS_MAX = 500;

// One row for each device, name and network.
function gather(rows) {
	const byKey = new Map();
	for (const row of rows) {
		const key = [row.device, row.name, row.location, row.asn, row.standing].join("\n");
		const had = byKey.get(key);
		if (!had) {
			byKey.set(key, { ...row, key, addresses: [row.address] });
			continue;
		}
		had.addresses.push(row.address);
		had.count = Math.max(had.count, row.count);
		if (had.dnssec !== row.dnssec)
			had.dnssec = ""; // of several addresses only what is true of all of them
		had.last = had.last > row.last ? had.last : row.last;
	}
	return [...byKey.values()];
}

const weight = (row) => (row.standing === "overseas" ? 2 : row.standing === "disputed" ? 1 : 0);

const why = (row) => [...row.addresses, ...(row.hops.length ? [t.device.hops(row.hops.map((hop) => hop.name).join(" → "))] : [])].join("\n");

// What each database says of the first address: "dbip 2026-06 CN". Asked when somebody points at it.
const said = (address) =>
	Object.entries(address.locations)
		.map(([label, code]) => `${label} ${code || "?"}`)
		.join("\n");

function Judged({ row }) {
	const [evidence, setEvidence] = useState("");
	const look = () =>
		evidence ||
		get("geo", { address: row.addresses[0] }).then(
			(answer) => setEvidence(said(answer.addresses[0])),
			() => setEvidence(t.device.noEvidence),
		);
	return (
		<span onPointerEnter={look}>
			<Standing standing={row.standing} confidence={row.confidence} more={[evidence, why(row)]} />
			{row.dnssec && row.dnssec !== "insecure" && (
				<div class="small">
					<Signed dnssec={row.dnssec} />
				</div>
			)}
		</span>
	);
}

export function EndpointTable({ rows, device, most }) {
	const titles = t.endpoints.columns;
	const columns = {
		...(device ? {} : { device: [titles.device, ""] }),
		name: [titles.name, ""],
		place: [titles.place, ""],
		network: [titles.network, ""],
		standing: [titles.standing, ""],
		asked: [titles.asked, "number"],
		last: [titles.last, "number"],
		why: ["", "number"],
	};
	const shown = gather(rows).sort((a, b) => weight(b) - weight(a) || b.count - a.count);
	return (
		<Table
			caption={t.pages.endpoints}
			columns={columns}
			rows={shown.slice(0, most).map((row) => ({
				key: row.key,
				device: <DeviceLink device={row.device} />,
				name: (
					<>
						<Name>{row.name}</Name>
						{row.hops.length > 0 && <div class="quiet small">{t.device.hops(plain(row.hops.map((hop) => hop.domain || hop.name).join(" → ")))}</div>}
					</>
				),
				place: row.standing === "indeterminate" ? t.overview.anycast : country(row.location),
				network: row.organisation && plain(row.organisation) + (row.control ? ` (${row.control})` : ""),
				standing: <Judged row={row} />,
				asked: count(row.count),
				last: <When at={row.last} />,
				why: (
					<a class="quiet" href={link("explain", row.device, row.name, row.type)}>
						{t.evidence}
					</a>
				),
			}))}
		/>
	);
}

const FORMATS = ["csv", "jsonl", "cof", "dot", "geojson"];

export function Endpoints() {
	const [filter, setFilter] = useState({ device: "", name: "", country: "", standing: "overseas" });
	const asked = { ...filter, limit: ROWS_MAX };
	const answer = useAnswer("endpoints", asked);
	const set = (key) => (value) => setFilter({ ...filter, [key]: value });
	const words = t.endpoints.filters;
	const rows = answer.data ? answer.data.endpoints : [];
	return (
		<>
			<Sentence>{answer.data ? <Rich of={t.endpoints.sentence(rows.length)} /> : t.pages.endpoints}</Sentence>
			<Card>
				<div class="filters">
					<Field label={words.device} value={filter.device} onInput={set("device")} />
					<Field label={words.name} value={filter.name} onInput={set("name")} />
					<Field label={words.country} value={filter.country} onInput={set("country")} />
					<Field label={words.standing} value={filter.standing} onInput={set("standing")} options={[["", words.any], ...STANDINGS.map((key) => [key, t.standing[key]])]} />
					<span class="exports">
						{t.endpoints.export}{" "}
						{FORMATS.map((format) => (
							<a href={"/api/v1/endpoints" + query({ ...filter, format })} download={"endpoints." + format}>
								{format}
							</a>
						))}
					</span>
				</div>
				<Waiting answer={answer} />
				{answer.data && (rows.length ? <EndpointTable rows={rows} /> : <p class="quiet">{t.endpoints.empty}</p>)}
				{rows.length === ROWS_MAX && <p class="quiet small">{t.endpoints.first(ROWS_MAX)}</p>}
			</Card>
		</>
	);
}
