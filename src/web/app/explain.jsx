// Any verdict, opened: the sentence, the addresses with what each database says, and every rule in order. Prints on one page.
import { useAnswer } from "./api.js";
import { country, plain } from "./format.js";
import { Action } from "./live.jsx";
import { Card, DeviceLink, Name, Pill, Sentence, Standing, Table, Waiting } from "./parts.jsx";
import { t } from "./texts.js";

function Addresses({ rows }) {
	const titles = t.explain.columns;
	return (
		<Table
			caption={t.explain.addresses}
			columns={{ address: [titles.address, ""], place: [titles.place, ""], network: [titles.network, ""], standing: [titles.standing, ""], evidence: [titles.evidence, ""] }}
			rows={rows.map((row) => ({
				key: row.address,
				address: <span class="address">{row.address}</span>,
				place: row.anycast ? t.overview.anycast : country(row.location),
				network: row.organisation ? `AS${row.asn} ${plain(row.organisation)}${row.control ? ` (${row.control})` : ""}` : "",
				standing: <Standing standing={row.standing} confidence={row.confidence} />,
				evidence: <span class="small">{plain(row.evidence)}</span>,
			}))}
		/>
	);
}

const Walk = ({ rules }) => (
	<ol class="walk">
		{rules.map((rule) => (
			<li class={rule.result === "matches" ? "fits" : ""}>
				<strong>{plain(rule.name)}</strong> <Pill kind={rule.action}>{rule.action}</Pill>{" "}
				<span class="quiet">
					{t.explain.result[rule.result] || plain(rule.result)}
					{rule.why && ": " + plain(rule.why)}
				</span>
			</li>
		))}
	</ol>
);

function save(data) {
	const url = URL.createObjectURL(new Blob([JSON.stringify(data, null, 2)], { type: "application/json" }));
	const anchor = document.createElement("a");
	anchor.href = url;
	anchor.download = `evidence ${data.name}.json`;
	anchor.click();
	URL.revokeObjectURL(url);
}

export function Explain({ device, name, type }) {
	const answer = useAnswer("explain", { device, name, type: type || "A" });
	if (!answer.data)
		return <Waiting answer={answer} />;
	const data = answer.data;
	return (
		<>
			<Sentence>{plain(data.reason)}</Sentence>
			<div class="facts">
				<Action action={data.action} /> <DeviceLink device={data.device.name} /> <Name>{data.name}</Name> {data.type} <Standing standing={data.standing} confidence={data.confidence} />
				<span class="quiet no-print">
					<button onClick={() => window.print()}>{t.explain.print}</button> <button onClick={() => save(data)}>{t.explain.download}</button>
				</span>
			</div>
			<div class="grid">
				{data.addresses.length > 0 && (
					<Card className="wide" title={t.explain.addresses}>
						<Addresses rows={data.addresses} />
						<p class="quiet small">
							{t.explain.upstream(plain(data.upstream), data.client_subnet)} {t.explain.dnssec[data.dnssec] || t.explain.unchecked} {t.explain.place} {t.overview.unseen}
						</p>
					</Card>
				)}
				{data.hops.length > 0 && (
					<Card className="wide" title={t.explain.hops}>
						<p>
							{data.hops.map((hop, i) => (
								<>
									{i > 0 && " → "}
									<Name>{hop.name || hop}</Name>
								</>
							))}
						</p>
					</Card>
				)}
				<Card className="wide" title={t.explain.walk}>
					<Walk rules={data.rules} />
				</Card>
			</div>
		</>
	);
}
