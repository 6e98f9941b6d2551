// Who a device talks to, from left to right: the device, the registered domains, the networks with their countries. What does
// not fit is drawn together as one, so that it stays readable with a hundred names.
import { country, organisation, plain } from "./format.js";
import { t } from "./texts.js";

const WIDTH = 640;
const DOMAINS_MAX = 9;
const NETWORKS_MAX = 8;
const GAP = 10;
const BAR_MIN = 14;
const COLUMNS = { device: [0, 96], domain: [222, 390], network: [498, 506] };
const LETTER = 6.6; // width of one letter of the labels

// Endpoints by registered domain, those that were asked for most first: [{domain, queries, standing, networks: {label: weight}}, …].
// An endpoint counts each answer that it was in, so that a name with many addresses weighs as its busiest one.
function owners(endpoints) {
	const names = new Map();
	for (const row of endpoints) {
		const had = names.get(row.name) || { domain: row.domain || row.name, queries: 0, standing: "home", networks: new Map() };
		const label = [row.standing === "indeterminate" ? t.overview.anycast : country(row.location), organisation(row.organisation)].filter(Boolean).join(" · ");
		had.queries = Math.max(had.queries, row.count);
		had.standing = worse(had.standing, row.standing);
		const network = had.networks.get(label) || { weight: 0, standing: row.standing };
		had.networks.set(label, { weight: network.weight + row.count, standing: worse(network.standing, row.standing) });
		names.set(row.name, had);
	}
	const byDomain = new Map();
	for (const name of names.values()) {
		const had = byDomain.get(name.domain) || { domain: name.domain, queries: 0, standing: "home", networks: new Map() };
		const all = [...name.networks.values()].reduce((sum, network) => sum + network.weight, 0) || 1;
		had.queries += name.queries;
		had.standing = worse(had.standing, name.standing);
		for (const [label, { weight, standing }] of name.networks) {
			const network = had.networks.get(label) || { weight: 0, standing };
			had.networks.set(label, { weight: network.weight + (name.queries * weight) / all, standing: worse(network.standing, standing) });
		}
		byDomain.set(name.domain, had);
	}
	return [...byDomain.values()].sort((a, b) => b.queries - a.queries);
}

// Those → {domains: [{key, weight, standing}], networks: the same, links: [{from, to, weight, standing}]}
function shape(all) {
	const links = new Map();
	const networks = new Map();
	const domains = [];
	const add = (map, key, weight, standing, more) => {
		const had = map.get(key) || { key, weight: 0, standing, ...more };
		had.weight += weight;
		had.standing = worse(had.standing, standing);
		map.set(key, had);
	};
	all.forEach((owner, i) => {
		const domain = i < DOMAINS_MAX ? owner.domain : t.device.others(all.length - DOMAINS_MAX);
		const last = domains[domains.length - 1];
		if (last && last.key === domain) {
			last.weight += owner.queries;
			last.standing = worse(last.standing, owner.standing);
		} else {
			domains.push({ key: domain, weight: owner.queries, standing: owner.standing });
		}
		for (const [label, { weight, standing }] of owner.networks) {
			add(networks, label, weight, standing);
			add(links, domain + "\n" + label, weight, standing, { from: domain, to: label });
		}
	});
	return { domains, networks: [...networks.values()], links: [...links.values()] };
}

const ORDER = ["home", "unknown", "indeterminate", "disputed", "overseas"];
const worse = (a, b) => (ORDER.indexOf(b) > ORDER.indexOf(a) ? b : a);

// The smaller networks become one.
function gather({ domains, networks, links }) {
	const kept = networks.sort((a, b) => b.weight - a.weight).slice(0, NETWORKS_MAX);
	const names = new Set(kept.map((network) => network.key));
	const rest = networks.slice(NETWORKS_MAX);
	if (rest.length)
		kept.push({ key: t.device.otherNetworks, weight: rest.reduce((sum, network) => sum + network.weight, 0), standing: rest.map((network) => network.standing).reduce(worse) });
	const joined = new Map();
	for (const link of links) {
		const to = names.has(link.to) ? link.to : t.device.otherNetworks;
		const key = link.from + "\n" + to;
		const had = joined.get(key);
		joined.set(key, had ? { ...had, weight: had.weight + link.weight, standing: worse(had.standing, link.standing) } : { ...link, to });
	}
	return { domains, networks: kept, links: [...joined.values()] };
}

// Gives each bar of a column its place: y and height, by the root of its weight, so that the small ones can be read.
function stack(bars, height) {
	const roots = bars.reduce((sum, bar) => sum + Math.sqrt(bar.weight), 0) || 1;
	const room = height - GAP * (bars.length - 1) - BAR_MIN * bars.length;
	let y = 0;
	for (const bar of bars) {
		bar.y = y;
		bar.height = BAR_MIN + (Math.max(0, room) * Math.sqrt(bar.weight)) / roots;
		bar.left = bar.right = 0;
		y += bar.height + GAP;
	}
}

const ribbon = (x0, y0, h0, x1, y1, h1) => {
	const middle = (x0 + x1) / 2;
	return `M${x0} ${y0}C${middle} ${y0} ${middle} ${y1} ${x1} ${y1}V${y1 + h1}C${middle} ${y1 + h1} ${middle} ${y0 + h0} ${x0} ${y0 + h0}Z`;
};

// The links between two columns, each as high at both ends as its share of the bar there.
function ribbons(links, domains, networks) {
	const byKey = (bars) => new Map(bars.map((bar) => [bar.key, bar]));
	const [left, right] = [byKey(domains), byKey(networks)];
	const total = (bars, key, end) => links.filter((link) => link[end] === key).reduce((sum, link) => sum + link.weight, 0) || 1;
	return links.map((link) => {
		const [a, b] = [left.get(link.from), right.get(link.to)];
		const h0 = (a.height * link.weight) / total(links, link.from, "from");
		const h1 = (b.height * link.weight) / total(links, link.to, "to");
		const d = ribbon(COLUMNS.domain[1], a.y + a.right, h0, COLUMNS.network[0], b.y + b.left, h1);
		a.right += h0;
		b.left += h1;
		return { d, standing: link.standing };
	});
}

const cut = (text, width) => {
	const most = Math.floor(width / LETTER);
	return text.length > most ? text.slice(0, most - 1) + "…" : text;
};

export function Flow({ device, endpoints }) {
	const { domains, networks, links } = gather(shape(owners(endpoints)));
	const height = Math.max(180, domains.length * 44, networks.length * 44);
	stack(domains, height);
	stack(networks, height);
	const drawn = ribbons(links, domains, networks);
	const part = height / domains.reduce((sum, domain) => sum + domain.height, 0);
	let y = 0;
	return (
		<figure class="flow">
			<svg viewBox={`0 0 ${WIDTH + 120} ${height}`} role="img" aria-label={t.device.flowHow}>
				<rect class="bar-device" x="0" y="0" width={COLUMNS.device[1]} height={height} rx="4" />
				<text class="on-dark" x={COLUMNS.device[1] / 2} y={height / 2} text-anchor="middle">
					{cut(plain(device), 90)}
				</text>
				{domains.map((domain) => {
					const d = ribbon(COLUMNS.device[1], y, domain.height * part, COLUMNS.domain[0], domain.y, domain.height);
					y += domain.height * part;
					return <path class={"ribbon pale " + domain.standing} d={d} />;
				})}
				{drawn.map((link) => (
					<path class={"ribbon " + link.standing} d={link.d} />
				))}
				{domains.map((domain) => (
					<g>
						<title>{plain(domain.key)}</title>
						<rect class="bar-domain" x={COLUMNS.domain[0]} y={domain.y} width={COLUMNS.domain[1] - COLUMNS.domain[0]} height={domain.height} rx="3" />
						<text x={COLUMNS.domain[0] + 8} y={domain.y + domain.height / 2 + 4}>
							{cut(plain(domain.key), COLUMNS.domain[1] - COLUMNS.domain[0] - 10)}
						</text>
					</g>
				))}
				{networks.map((network) => (
					<g>
						<title>{plain(network.key)}</title>
						<rect class={"bar-network " + network.standing} x={COLUMNS.network[0]} y={network.y} width={COLUMNS.network[1] - COLUMNS.network[0]} height={network.height} rx="2" />
						<text x={COLUMNS.network[1] + 8} y={network.y + network.height / 2 + 4}>
							{cut(plain(network.key), WIDTH + 120 - COLUMNS.network[1] - 10)}
						</text>
					</g>
				))}
			</svg>
		</figure>
	);
}
