// Changing what happens, with a look at the past first: what a rule would have done in the last 7 days, then the choice, then
// the way back.
import { useState } from "preact/hooks";
import { post, query } from "./api.js";
import { count, plain } from "./format.js";
import { useNotes } from "./notes.jsx";
import { Name, Rich } from "./parts.jsx";
import { t } from "./texts.js";

const SINCE = "7d";
const NAMES_MAX = 5;
const BUILT_IN = ["all", "new"];

// What the journal says about a rule, from the answer of `simulate`: how many lookups of how many names would become `action`.
function effect(told, action) {
	const lookups = told.changes.filter((change) => change.to === action).reduce((sum, change) => sum + change.queries, 0);
	const rows = told.rows.filter((row) => row.to === action);
	const names = new Map();
	for (const row of rows)
		names.set(row.name, (names.get(row.name) || 0) + row.count);
	return { lookups, names: [...names].sort((a, b) => b[1] - a[1]), devices: new Set(rows.map((row) => row.device_id)).size };
}

export function Effect({ told, action }) {
	const { lookups, names, devices } = effect(told, action);
	if (!lookups)
		return <p>{t.act.nothing}</p>;
	return (
		<div>
			<p>
				<Rich of={t.act.would[action](lookups, names.length)} />
				{devices > 1 && <Rich of={t.act.others(devices)} />}
			</p>
			<ul class="plain-list small" aria-label={t.act.look}>
				{names.slice(0, NAMES_MAX).map(([name, times]) => (
					<li>
						<Name>{name}</Name> <span class="quiet">× {count(times)}</span>
					</li>
				))}
			</ul>
			{names.length > NAMES_MAX && <p class="quiet small">{t.edit.more(names.length - NAMES_MAX)}</p>}
		</div>
	);
}

// {told, ask, apply, forget}: a rule's text is asked about, then put in force, and can be taken back.
export function useTrial(onChanged) {
	const notes = useNotes();
	const [trial, setTrial] = useState(null); // {text, action, told}
	const takeBack = async (name) => {
		try {
			await post("rules/remove", { name });
			notes.say(t.act.undone(plain(name)));
			onChanged();
		} catch (problem) {
			notes.fail(problem);
		}
	};
	return {
		trial,
		forget: () => setTrial(null),
		takeBack,
		ask: async (text, action) => {
			setTrial({ text, action });
			try {
				setTrial({ text, action, told: await post("simulate" + query({ add: text, since: SINCE })) });
			} catch (problem) {
				setTrial(null);
				notes.fail(problem);
			}
		},
		apply: async () => {
			try {
				const { added } = await post("rules/add", { rule: trial.text });
				setTrial(null);
				notes.say(t.act.done(plain(added[0])), { word: t.act.undo, run: () => takeBack(added[0]) });
				onChanged();
			} catch (problem) {
				notes.fail(problem);
			}
		},
	};
}

export function Trial({ of: { trial, apply, forget } }) {
	if (!trial)
		return null;
	if (!trial.told)
		return <p class="quiet">{t.act.asking}</p>;
	return (
		<div class="trial">
			<Effect told={trial.told} action={trial.action} />
			<button class="main" onClick={apply}>
				{t.act.apply}
			</button>{" "}
			<button onClick={forget}>{t.act.cancel}</button>
		</div>
	);
}

// The text of the rule that a button stands for. JSON is YAML.
function ruleFor(verb, tag) {
	const rule = { name: t.act.names[verb](tag), tags: [tag] };
	if (verb !== "allow")
		Object.assign(rule, { standing: "overseas", confidence: verb === "sinkhole" ? "high" : "low" });
	return JSON.stringify({ ...rule, action: verb });
}

export function Act({ device, onChanged }) {
	const tags = device.tags.filter((tag) => !BUILT_IN.includes(tag));
	const [chosen, setChosen] = useState(tags[0]);
	const trial = useTrial(onChanged);
	const tag = tags.includes(chosen) ? chosen : tags[0];
	if (!tag)
		return <p class="quiet">{t.act.untagged}</p>;
	return (
		<div class="act">
			<p>
				{tags.length > 1 && (
					<select aria-label={t.act.tag} value={tag} onChange={(event) => setChosen(event.target.value)}>
						{tags.map((word) => (
							<option value={word}>{word}</option>
						))}
					</select>
				)}{" "}
				{t.act.question(tag)}
			</p>
			{!trial.trial && (
				<p class="buttons">
					{Object.entries(t.act.verbs).map(([verb, words]) => (
						<button class={verb === "sinkhole" ? "main" : ""} onClick={() => trial.ask(ruleFor(verb, tag), verb)}>
							{words}
						</button>
					))}
				</p>
			)}
			<Trial of={trial} />
		</div>
	);
}
