// Changing what happens, with a look at the past first: what a rule would have done in the last 7 days, then the choice, then
// the way back.
import { useEffect, useRef, useState } from "preact/hooks";
import { post, query } from "./api.js";
import { count, plain } from "./format.js";
import { useNotes } from "./notes.jsx";
import { Name, Rich } from "./parts.jsx";
import { t } from "./texts.js";

const SINCE = "7d";
const NAMES_MAX = 5;
const BUILT_IN = ["all", "new"];

// What the journal says about a change, from the answer of `simulate`: how many lookups of how many names would become `action`.
function effect(told, action) {
	const lookups = told.changes.filter((change) => change.to === action).reduce((sum, change) => sum + change.queries, 0);
	const rows = told.rows.filter((row) => row.to === action);
	const names = new Map();
	for (const row of rows)
		names.set(row.name, (names.get(row.name) || 0) + row.count);
	return { lookups, names: [...names].sort((a, b) => b[1] - a[1]), devices: new Set(rows.map((row) => row.device_id)).size };
}

function Effect({ told, action }) {
	const { lookups, names, devices } = effect(told, action);
	if (!lookups)
		return null;
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

// The calls that a change of the rules takes. A change is {verb, rule, name, place}: "add" (rule), "replace" (rule, name),
// "move" (name, place), "remove" (name); `before` is the rule as it was, {text, place}, for the way back.
const params = { add: ["rule", "place"], replace: ["name", "rule", "place"], move: ["name", "place"], remove: ["name"] };
const bodyOf = (change) => Object.fromEntries(params[change.verb].filter((key) => change[key] !== undefined).map((key) => [key, change[key]]));

function wayBack(change, added) {
	switch (change.verb) {
		case "add":
			return { verb: "remove", name: added[(change.place || 1) - 1] };
		case "replace":
			return { verb: "replace", name: added[change.before.place - 1], rule: change.before.text };
		case "move":
			return { verb: "move", name: change.name, place: change.before.place };
		default:
			return { verb: "add", rule: change.before.text, place: change.before.place };
	}
}

// {trial, ask, apply, forget}: a change is asked about, then put in force, and can be taken back.
export function useTrial(onChanged) {
	const notes = useNotes();
	const [trial, setTrial] = useState(null); // {change, told}
	const send = async (change, say) => {
		try {
			const { added } = await post("rules/" + change.verb, bodyOf(change));
			setTrial(null);
			say(added);
			onChanged();
		} catch (problem) {
			notes.fail(problem);
		}
	};
	const named = (change, added) => plain(change.name || added[(change.place || 1) - 1]);
	return {
		trial,
		forget: () => setTrial(null),
		ask: async (change) => {
			setTrial({ change });
			try {
				const told = await post("simulate" + query({ add: change.rule, instead: change.name, place: change.place, since: SINCE }));
				setTrial({ change, told });
			} catch (problem) {
				setTrial(null);
				notes.fail(problem);
			}
		},
		apply: () =>
			send(trial.change, (added) => {
				const back = wayBack(trial.change, added);
				const run = () => send(back, (now) => notes.say(t.act.undone[back.verb](named(back, now))));
				notes.say(t.act.done[trial.change.verb](named(trial.change, added)), { word: t.act.undo, run });
			}),
	};
}

export function Trial({ of: { trial, apply, forget } }) {
	const place = useRef(null);
	const told = trial && trial.told;
	useEffect(() => {
		if (told)
			place.current.focus();
	}, [told]);
	if (!trial)
		return null;
	if (!told)
		return <p class="quiet">{t.act.asking}</p>;
	const actions = ["sinkhole", "flag", "allow"].filter((action) => told.changes.some((change) => change.to === action));
	return (
		<div class="trial" ref={place} tabIndex="-1">
			<p class="quiet small">{t.act.would.intro[trial.change.verb](plain(trial.change.name))}</p>
			{actions.length ? actions.map((action) => <Effect told={told} action={action} />) : <p>{t.act.nothing}</p>}
			<button class="main" onClick={apply}>
				{t.act.apply[trial.change.verb]}
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
						<button class={verb === "sinkhole" ? "main" : ""} onClick={() => trial.ask({ verb: "add", rule: ruleFor(verb, tag) })}>
							{words}
						</button>
					))}
				</p>
			)}
			<Trial of={trial} />
		</div>
	);
}
