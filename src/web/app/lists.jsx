// The lists: how many names, how old, what was not taken, and a button that fetches them again.
import { useState } from "preact/hooks";
import { post, useAnswer } from "./api.js";
import { ago, base, count, plain } from "./format.js";
import { useNotes } from "./notes.jsx";
import { Card, Rich, Sentence, Table, Waiting, When } from "./parts.jsx";
import { t } from "./texts.js";

const REFRESH = 10;

function Skipped({ reasons }) {
	const all = reasons.reduce((sum, reason) => sum + reason.count, 0);
	if (!all)
		return <span class="quiet">{t.lists.skippedNone}</span>;
	return (
		<details>
			<summary>{count(all)}</summary>
			<ul class="plain-list small">
				{reasons.map((reason) => (
					<li>
						{plain(reason.reason)}: {count(reason.count)}
					</li>
				))}
			</ul>
		</details>
	);
}

function From({ list }) {
	const source = list.source;
	if (!source)
		return (
			<span class="quiet" title={list.file}>
				{plain(base(list.file))}
			</span>
		);
	return (
		<span class="quiet" title={plain(source.from)}>
			{plain(base(source.from) || source.from)}
			<div class="small">{source.phase === "running" ? t.lists.updating : source.checked ? t.lists.checked(ago(source.checked)) : t.lists.neverFetched}</div>
			{source.expired && <div class="loud">{t.lists.expired}</div>}
			{source.error && <div class="loud">{plain(source.error)}</div>}
		</span>
	);
}

export function Lists() {
	const lists = useAnswer("lists", null, REFRESH);
	const [busy, setBusy] = useState(false);
	const notes = useNotes();
	if (!lists.data)
		return <Waiting answer={lists} />;
	const rows = lists.data.lists;
	const titles = t.lists.columns;
	const update = async (name) => {
		setBusy(true);
		await post("lists/update", name ? { name } : {}).then(() => notes.say(name ? t.lists.fetched(plain(name)) : t.lists.fetchedAll), notes.fail);
		await lists.again();
		setBusy(false);
	};
	const fetched = rows.filter((list) => list.source);
	return (
		<>
			<Sentence>{rows.length ? <Rich of={t.lists.sentence(rows.length, rows.reduce((sum, list) => sum + list.names, 0))} /> : t.lists.empty}</Sentence>
			<Waiting answer={lists} />
			{rows.length > 0 && (
				<Card
					title={t.pages.lists}
					aside={
						fetched.length > 0 && (
							<button onClick={() => update()} disabled={busy}>
								{busy ? t.lists.updating : t.lists.update}
							</button>
						)
					}
				>
					<Table
						caption={t.pages.lists}
						columns={{ name: [titles.name, ""], format: [titles.format, ""], source: [titles.source, ""], names: [titles.names, "number"], skipped: [titles.skipped, "number"], hits: [titles.hits, "number"], changed: [titles.changed, "number"], update: ["", "number"] }}
						rows={rows.map((list) => ({
							key: list.name,
							name: <strong>{plain(list.name)}</strong>,
							format: plain(list.format),
							source: <From list={list} />,
							names: (
								<>
									{count(list.names)}
									{list.patterns > 0 && <div class="quiet small">{t.lists.patterns(list.patterns)}</div>}
								</>
							),
							skipped: <Skipped reasons={list.skipped} />,
							hits: list.hits ? count(list.hits) : <span class="quiet">{t.lists.noHits}</span>,
							changed: <When at={list.modified} />,
							update: list.source && (
								<button aria-label={t.lists.refreshOne(plain(list.name))} onClick={() => update(list.name)} disabled={busy}>
									{t.lists.refresh}
								</button>
							),
						}))}
					/>
					<p class="quiet small">{t.lists.hitsHow}</p>
				</Card>
			)}
		</>
	);
}
