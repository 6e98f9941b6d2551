// The policy: which rule stands where, what it looks at, how often it fitted; and the rules that were added here, which can be written,
// changed, moved and taken away. Each change is tried on the journal before it counts.
import { useEffect, useRef, useState } from "preact/hooks";
import { Trial, useTrial } from "./act.jsx";
import { useAnswer } from "./api.js";
import { base, count, plain } from "./format.js";
import { Action } from "./live.jsx";
import { Card, Pill, Rich, Sentence, Table, Waiting } from "./parts.jsx";
import { t } from "./texts.js";

const REFRESH = 10;

const For = ({ tags }) => (tags.length === 1 && tags[0] === "all" ? <span class="quiet">{t.rules.all}</span> : tags.map((tag) => <Pill>{plain(tag)}</Pill>));

// `edited`: the rule whose text is changed; null: a new one is written.
function Editor({ edited, onEnd, trial }) {
	const [text, setText] = useState(edited ? edited.text : t.edit.example);
	const area = useRef(null);
	useEffect(() => {
		setText(edited ? edited.text : t.edit.example);
		if (edited)
			area.current.focus();
	}, [edited]);
	const ask = () =>
		trial.ask(edited ? { verb: "replace", name: edited.name, rule: text, before: { text: edited.text, place: edited.rule } } : { verb: "add", rule: text });
	const mine = trial.trial && ["add", "replace"].includes(trial.trial.change.verb);
	return (
		<Card title={edited ? t.edit.changing(plain(edited.name)) : t.edit.title}>
			<p class="quiet">{t.edit.how}</p>
			<label class="field">
				<span>{t.edit.label}</span>
				<textarea ref={area} rows={Math.max(6, text.split("\n").length)} spellcheck={false} value={text} onInput={(event) => setText(event.target.value)} />
			</label>
			<p class="buttons">
				<button onClick={ask}>{t.edit.preview}</button>
				{edited && <button onClick={onEnd}>{t.act.cancel}</button>}
			</p>
			{mine && <Trial of={trial} />}
		</Card>
	);
}

function Changes({ rule, last, trial, onEdit }) {
	const before = { text: rule.text, place: rule.rule };
	const move = (by) => () => trial.ask({ verb: "move", name: rule.name, place: rule.rule + by, before });
	return (
		<span class="buttons tight">
			<button onClick={() => onEdit(rule)}>{t.edit.edit}</button>
			{rule.rule > 1 && <button onClick={move(-1)}>{t.edit.up}</button>}
			{rule.rule < last && <button onClick={move(1)}>{t.edit.down}</button>}
			<button onClick={() => trial.ask({ verb: "remove", name: rule.name, before })}>{t.edit.remove}</button>
		</span>
	);
}

// Where a rule is changed: here, or in which file on which line.
function Place({ rule, last, trial, onEdit }) {
	if (rule.added && rule.text !== null)
		return <Changes rule={rule} last={last} trial={trial} onEdit={onEdit} />;
	return (
		<span class="quiet small" title={rule.file}>
			{t.rules.stands(plain(base(rule.file)), rule.line)}
		</span>
	);
}

const Told = ({ rule }) => (
	<>
		<strong>{plain(rule.name)}</strong> {rule.shadowed_by !== null && <Pill kind="fresh">{t.rules.shadowed}</Pill>}
		{rule.shadowed_by === null && rule.matches === 0 && <Pill kind="unknown">{t.rules.idle}</Pill>}
		{rule.warnings.map((warning) => (
			<div class="loud small">{plain(warning.replace(/^\S*?:\d+:\d+: /, ""))}</div>
		))}
	</>
);

function Order({ rules, trial, onEdit }) {
	const titles = t.rules.columns;
	const last = rules.filter((rule) => rule.added).length;
	const mine = trial.trial && ["move", "remove"].includes(trial.trial.change.verb);
	return (
		<Card title={t.pages.rules}>
			<Table
				caption={t.pages.rules}
				columns={{ order: [titles.order, ""], name: [titles.name, ""], tags: [titles.tags, ""], stage: [titles.stage, ""], action: [titles.action, ""], matches: [titles.matches, "number"], change: [titles.change, ""] }}
				rows={rules.map((rule) => ({
					key: rule.name,
					order: rule.rule,
					name: <Told rule={rule} />,
					tags: <For tags={rule.tags} />,
					stage: t.rules.stages[rule.stage] || rule.stage,
					action: <Action action={rule.action} />,
					matches: count(rule.matches),
					change: <Place rule={rule} last={last} trial={trial} onEdit={onEdit} />,
				}))}
			/>
			{mine && <Trial of={trial} />}
			<p class="quiet small">{t.rules.where}</p>
		</Card>
	);
}

export function Rules() {
	const answer = useAnswer("rules", null, REFRESH);
	const [edited, setEdited] = useState(null);
	const trial = useTrial(() => {
		setEdited(null);
		answer.again();
	});
	if (!answer.data)
		return <Waiting answer={answer} />;
	const rules = answer.data.rules;
	return (
		<>
			<Sentence>{rules.length ? <Rich of={t.rules.sentence(rules.length, rules.reduce((sum, rule) => sum + rule.matches, 0))} /> : t.rules.empty}</Sentence>
			<Waiting answer={answer} />
			<div class="stack">
				{rules.length > 0 && <Order rules={rules} trial={trial} onEdit={setEdited} />}
				<Editor edited={edited} onEnd={() => (setEdited(null), trial.forget())} trial={trial} />
			</div>
		</>
	);
}
