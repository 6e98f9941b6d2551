// The world: each country in the colour of its standing, home outlined, arcs from home to what is overseas.
import { geoGraticule, geoNaturalEarth1, geoPath } from "d3-geo";
import { useMemo, useState } from "preact/hooks";
import { feature } from "topojson-client";
import atlas from "world-atlas/countries-110m.json";
import { countries } from "./countries.js";
import { country, percent } from "./format.js";
import { t } from "./texts.js";

const WIDTH = 720;
const HEIGHT = 372;
const ANTARCTICA = "010";
const DOT_MIN = 3;

const land = feature(atlas, atlas.objects.countries).features.filter((shape) => shape.id !== ANTARCTICA);
const byNumber = new Map(Object.entries(countries).map(([code, [number]]) => [number, code]));
const codeOf = (shape) => byNumber.get(shape.id) || byNumber.get(shape.properties.name);

const projection = geoNaturalEarth1().fitExtent(
	[
		[4, 4],
		[WIDTH - 4, HEIGHT - 4],
	],
	{ type: "FeatureCollection", features: land },
);
const path = geoPath(projection).digits(1);
const drawn = land.map((shape) => ({ code: codeOf(shape), d: path(shape) }));
const drawnCodes = new Set(drawn.map((shape) => shape.code));
const at = (code) => countries[code] && projection([countries[code][1], countries[code][2]]);

// A bow over the straight line between two points, the higher the longer it is.
function bow([x0, y0], [x1, y1]) {
	const lift = Math.hypot(x1 - x0, y1 - y0) * 0.28;
	return `M${x0.toFixed(1)} ${y0.toFixed(1)}Q${((x0 + x1) / 2).toFixed(1)} ${((y0 + y1) / 2 - lift).toFixed(1)} ${x1.toFixed(1)} ${y1.toFixed(1)}`;
}

// `places`: [{country, queries, standing}], `home`: codes, `onChoose(code)`, `how`: the words below it.
export function WorldMap({ places, home, onChoose, how = t.overview.mapHow }) {
	const [near, setNear] = useState(null);
	const byCode = useMemo(() => new Map(places.filter((place) => place.country).map((place) => [place.country, place])), [places]);
	const all = places.reduce((sum, place) => sum + place.queries, 0);
	const most = Math.max(1, ...places.filter((place) => place.standing !== "home").map((place) => place.queries));
	const from = home.map(at).find(Boolean);
	const hover = (code) => ({
		onMouseEnter: () => setNear(code),
		onMouseLeave: () => setNear(null),
	});
	const tone = (code) => {
		const place = byCode.get(code);
		if (home.includes(code))
			return "home";
		return place ? place.standing : "";
	};
	// Little traffic is paler than much, by its root, so that small shares stay visible.
	const strength = (code) => (home.includes(code) ? 1 : 0.35 + 0.65 * Math.sqrt((byCode.get(code) || { queries: 0 }).queries / most));
	const label = (code) => t.overview.pieces(country(code), byCode.get(code).queries, percent(byCode.get(code).queries, all));

	return (
		<figure class="map">
			<svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="group" aria-label={t.overview.map}>
				<path class="sphere" d={path(geoGraticule().outline())} />
				{drawn.map(({ code, d }) => (
					<path class={"land " + tone(code) + (home.includes(code) ? " mine" : "")} d={d} style={byCode.has(code) ? { fillOpacity: strength(code) } : null} {...hover(byCode.has(code) ? code : null)} onClick={() => byCode.has(code) && onChoose(code)} />
				))}
				{from &&
					places
						.filter((place) => place.standing === "overseas" && at(place.country) && !home.includes(place.country))
						.map((place) => <path class="arc" d={bow(from, at(place.country))} style={{ strokeWidth: 0.8 + 3 * Math.sqrt(place.queries / most) }} />)}
				{places
					.filter((place) => at(place.country))
					.map((place) => {
						const [x, y] = at(place.country);
						return (
							<circle class={"dot " + tone(place.country) + (drawnCodes.has(place.country) ? "" : " small-country")} cx={x} cy={y} r={DOT_MIN + 3 * Math.sqrt(place.queries / Math.max(most, place.queries))} tabIndex="0" role="button" aria-label={label(place.country)} {...hover(place.country)} onFocus={() => setNear(place.country)} onBlur={() => setNear(null)} onClick={() => onChoose(place.country)} onKeyDown={(event) => (event.key === "Enter" || event.key === " ") && (event.preventDefault(), onChoose(place.country))} />
						);
					})}
			</svg>
			<figcaption aria-live="polite">{near && byCode.has(near) ? label(near) : how}</figcaption>
		</figure>
	);
}

