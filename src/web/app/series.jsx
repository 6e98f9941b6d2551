// Questions over time, stacked: where the answers stood, and what was sinkholed on top; a dashed line over them counts what was
// flagged, which stands somewhere too. Drawn by uPlot.
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { count, STANDINGS } from "./format.js";
import { t } from "./texts.js";

const HEIGHT = 170;
const LAYERS = [...STANDINGS, "none", "sinkhole"];
const HOUR = 3600;
const TOKEN = { sinkhole: "--sinkholed", flag: "--ink" };

const colour = (layer) => getComputedStyle(document.documentElement).getPropertyValue(TOKEN[layer] || "--" + layer).trim();
const word = (layer) => t.standing[layer] || t.layer[layer];

// Columns of uPlot: the times, then the sums of the layers from below; the topmost first, so that the lower paint over it. The last
// hour stands there twice, since a step needs an end.
function columns(given, layers) {
	const hours = [...given, given[given.length - 1]];
	const times = hours.map((hour, i) => new Date(hour.time) / 1000 + (i === given.length ? HOUR : 0));
	const sums = [];
	let under = hours.map(() => 0);
	for (const layer of layers) {
		under = under.map((sum, i) => sum + (hours[i][layer] || 0));
		sums.unshift(under);
	}
	return [times, ...sums, hours.map((hour) => hour.flag || 0)];
}

const step = (drawn) => ({ ...drawn, points: { show: false }, paths: uPlot.paths.stepped({ align: 1 }) });

function options(layers, width) {
	const ink = getComputedStyle(document.documentElement).getPropertyValue("--quiet").trim();
	return {
		width,
		height: HEIGHT,
		legend: { show: false },
		cursor: { show: false },
		padding: [8, 14, 0, 0],
		scales: { y: { range: (u, low, high) => [0, Math.max(1, high * 1.08)] } },
		axes: [
			{ stroke: ink, grid: { show: false }, ticks: { show: false }, size: 24, values: (u, times) => times.map((at) => new Date(at * 1000).toLocaleTimeString("en", { hour: "2-digit", minute: "2-digit", hourCycle: "h23" })) },
			{ show: false },
		],
		series: [{}, ...layers.toReversed().map((layer) => step({ stroke: colour(layer), fill: colour(layer), width: 0 })), step({ stroke: colour("flag"), width: 1.5, dash: [4, 3] })],
	};
}

export function Series({ hours, tone }) {
	const place = useRef(null);
	const layers = LAYERS.filter((layer) => hours.some((hour) => hour[layer]));
	useEffect(() => {
		const node = place.current;
		const plot = new uPlot(options(layers, node.clientWidth), columns(hours, layers), node);
		const watch = new ResizeObserver(() => plot.setSize({ width: node.clientWidth, height: HEIGHT }));
		watch.observe(node);
		return () => {
			watch.disconnect();
			plot.destroy();
		};
	}, [hours, tone]);
	const said = [...layers, "flag"].map((layer) => `${word(layer)} ${count(hours.reduce((sum, hour) => sum + (hour[layer] || 0), 0))}`).join(", ");
	return <div class="series" ref={place} role="img" aria-label={said} />;
}

export const Legend = ({ hours }) => (
	<ul class="legend">
		{LAYERS.filter((layer) => hours.some((hour) => hour[layer])).map((layer) => (
			<li>
				<span class={"swatch " + (layer === "sinkhole" ? "sinkholed" : layer)} />
				{word(layer)}
			</li>
		))}
		<li>
			<span class="swatch dashed" />
			{word("flag")}
		</li>
	</ul>
);
