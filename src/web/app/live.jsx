// What is asked, as it happens: server-sent events, filtered by the daemon.
import { useEffect, useRef, useState } from "preact/hooks";
import { query } from "./api.js";
import { clockTime, exactTime } from "./format.js";
import { Card, DeviceLink, Field, link, Name, Pill, Rich, Sentence, Standing, Table } from "./parts.jsx";
import { Over, Signed } from "./signed.jsx";
import { t } from "./texts.js";

const ROWS_MAX = 200;
const TYPE_WAIT_MS = 400; // a filter acts when nobody has typed for so long
const ACTIONS = ["allow", "flag", "sinkhole"];

// {rows, cut}: the newest first. A new stream begins whenever a filter changes or somebody goes on.
function useLive(filter, paused) {
	const [rows, setRows] = useState([]);
	const [cut, setCut] = useState(false);
	const number = useRef(0);
	const key = query(filter);
	useEffect(() => {
		if (paused)
			return undefined;
		let source;
		const begin = setTimeout(() => {
			source = new EventSource("/api/v1/live" + key);
			source.addEventListener("query", (event) => {
				const row = JSON.parse(event.data);
				row.key = number.current++;
				setRows((old) => [row, ...old].slice(0, ROWS_MAX));
			});
			source.onopen = () => setCut(false);
			source.onerror = () => setCut(true);
		}, TYPE_WAIT_MS);
		return () => {
			clearTimeout(begin);
			if (source)
				source.close();
		};
	}, [key, paused]);
	return { rows, cut, clear: () => setRows([]) };
}

export const Action = ({ action, reason }) => (
	<Pill kind={action} title={reason}>
		{t.action[action] || action}
	</Pill>
);

export function Live() {
	const [filter, setFilter] = useState({ device: "", name: "", action: "" });
	const [paused, setPaused] = useState(false);
	const live = useLive(filter, paused);
	const words = t.live.filters;
	const titles = t.live.columns;
	const set = (key) => (value) => {
		live.clear();
		setFilter({ ...filter, [key]: value });
	};
	return (
		<>
			<Sentence>
				<Rich of={t.live.sentence(paused)} />
			</Sentence>
			<Card>
				<div class="filters">
					<Field label={words.device} value={filter.device} onInput={set("device")} />
					<Field label={words.name} value={filter.name} onInput={set("name")} />
					<Field label={words.action} value={filter.action} onInput={set("action")} options={[["", words.any], ...ACTIONS.map((key) => [key, t.action[key]])]} />
					<button onClick={() => setPaused(!paused)}>{paused ? t.live.go : t.live.pause}</button>
				</div>
				{live.cut && !paused && <p class="notice">{t.live.cut}</p>}
				{!live.rows.length && <p class="quiet">{t.live.waiting}</p>}
				{live.rows.length > 0 && (
					<Table
						caption={t.pages.live}
						className="live"
						columns={{ time: [titles.time, ""], device: [titles.device, ""], name: [titles.name, ""], type: [titles.type, ""], over: [titles.over, ""], action: [titles.action, ""], standing: [titles.standing, ""], dnssec: [titles.dnssec, ""], why: ["", "number"] }}
						rows={live.rows.map((row) => ({
							key: row.key,
							time: (
								<time dateTime={row.time} title={exactTime(row.time)}>
									{clockTime(row.time)}
								</time>
							),
							device: <DeviceLink device={row.device} />,
							name: <Name>{row.name}</Name>,
							type: row.type,
							over: <Over protocol={row.protocol} />,
							action: <Action action={row.action} reason={row.reason} />,
							standing: <Standing standing={row.standing} confidence={row.confidence} />,
							dnssec: <Signed dnssec={row.dnssec} />,
							why: (
								<a class="quiet" href={link("explain", row.device, row.name, row.type)}>
									{t.live.explain}
								</a>
							),
						}))}
					/>
				)}
			</Card>
		</>
	);
}
