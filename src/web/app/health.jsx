// Is it well? Warnings first, then upstreams, databases, the journal and the counters.
import { useAnswer } from "./api.js";
import { bytes, count, duration, percent, plain } from "./format.js";
import { Card, Rich, Sentence, Table, Waiting, When } from "./parts.jsx";
import { t } from "./texts.js";

const REFRESH = 5;

function Upstreams({ rows }) {
	const titles = t.health.upstreamColumns;
	return (
		<Table
			caption={t.health.upstreams}
			columns={Object.fromEntries(Object.entries(titles).map(([key, title]) => [key, [title, key === "address" ? "" : "number"]]))}
			rows={rows.map((row) => ({
				key: row.address,
				address: plain(row.address),
				asked: count(row.queries),
				answered: count(row.answers),
				late: count(row.timeouts),
				junk: count(row.junk),
				rtt: row.rtt_ms === null ? "" : t.ms(row.rtt_ms),
				loss: percent(row.loss, 1) || "0%",
			}))}
		/>
	);
}

function Databases({ rows }) {
	const titles = t.health.databaseColumns;
	return (
		<Table
			caption={t.health.databases}
			columns={{ label: [titles.label, ""], kind: [titles.kind, ""], built: [titles.built, ""], age: [titles.age, "number"], credit: [titles.credit, ""] }}
			rows={rows.map((row) => ({
				key: row.path,
				label: plain(row.label),
				kind: row.kind,
				built: row.built,
				age: <span class={row.old ? "loud" : ""}>{t.health.days(row.age_days)}</span>,
				credit: <span class="quiet small">{plain(row.credit)}</span>,
			}))}
		/>
	);
}

function Journal({ journal }) {
	if (!journal.enabled)
		return <p>{t.health.off}</p>;
	const titles = t.health.sinkColumns;
	return (
		<Table
			caption={t.health.journal}
			columns={{ name: [titles.name, ""], journalled: [titles.journalled, "number"], dropped: [titles.dropped, "number"], error: [titles.error, ""] }}
			rows={journal.sinks.map((sink) => ({ key: sink.name, name: plain(sink.name), journalled: count(sink.journalled), dropped: count(sink.dropped), error: plain(sink.last_error) }))}
		/>
	);
}

function Counters({ status }) {
	const { queries, sources, cache, journal, snapshot } = status;
	const words = t.health.facts;
	const facts = [
		[t.health.up, duration(status.uptime_s)],
		[words.version, plain(status.version)],
		[words.epoch, <When at={snapshot.built} />],
		[words.received, count(queries.received)],
		[words.answered, count(queries.answered)],
		[words.hits, percent(sources.cache, queries.answered) || "0%"],
		[words.cache, `${count(cache.entries)} (${bytes(cache.bytes)})`],
		[words.refused, count(queries.refused)],
		[words.limited, count(queries.limited)],
		[words.dropped, count(journal.dropped)],
	];
	return (
		<dl class="counters">
			{facts.map(([word, value]) => (
				<div>
					<dt>{word}</dt>
					<dd>{value}</dd>
				</div>
			))}
		</dl>
	);
}

export function Health() {
	const answer = useAnswer("status", null, REFRESH);
	if (!answer.data)
		return <Waiting answer={answer} />;
	const status = answer.data;
	const warnings = status.warnings || [];
	return (
		<>
			<Sentence>
				<Rich of={warnings.length ? t.health.ill(warnings.length) : t.health.well} />
			</Sentence>
			<Waiting answer={answer} />
			<div class="grid">
				{warnings.length > 0 && (
					<Card className="wide" title={t.health.warnings}>
						<ul class="plain-list">
							{warnings.map((warning) => (
								<li>{plain(warning)}</li>
							))}
						</ul>
					</Card>
				)}
				<Card className="half-more" title={t.health.upstreams}>
					<Upstreams rows={[...status.upstreams, ...status.forward.flatMap((zone) => zone.upstreams || [])]} />
				</Card>
				<Card className="half-less" title={t.health.counters}>
					<Counters status={status} />
				</Card>
				<Card className="wide" title={t.health.databases}>
					<Databases rows={status.databases} />
				</Card>
				<Card className="wide" title={t.health.journal}>
					<Journal journal={status.journal} />
				</Card>
			</div>
		</>
	);
}
