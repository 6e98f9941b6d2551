// The policy: which rule stands where, what it looks at, how often it fitted.
import { useState } from "preact/hooks";
import { Trial, useTrial } from "./act.jsx";
import { useAnswer } from "./api.js";
import { count, plain } from "./format.js";
import { Action } from "./live.jsx";
import { Card, Pill, Rich, Sentence, Table, Waiting } from "./parts.jsx";
import { t } from "./texts.js";

const REFRESH = 10;

const For = ({ tags }) => (tags.length === 1 && tags[0] === "all" ? <span class="quiet">{t.rules.all}</span> : tags.map((tag) => <Pill>{plain(tag)}</Pill>));

// The action that a text speaks of, for the words of the preview; the daemon reads the text, not we.
const actionOf = (text) => (/\baction["']?\s*:\s*["']?(allow|flag|sinkhole)/.exec(text) || [])[1] || "sinkhole";

function Editor({ trial }) {
	const [text, setText] = useState(t.edit.example);
	return (
		<Card title={t.edit.title}>
			<p class="quiet">{t.edit.how}</p>
			<label class="field">
				<span>{t.edit.label}</span>
				<textarea rows="6" spellcheck={false} value={text} onInput={(event) => setText(event.target.value)} />
			</label>
			<p>
				<button onClick={() => trial.ask(text, actionOf(text))}>{t.edit.preview}</button>
			</p>
			<Trial of={trial} />
		</Card>
	);
}

// What the daemon warns of, at the rule that it names; the rest stands above the table.
function sort(warnings, rules) {
	const about = warnings.filter((warning) => /\brule\b/.test(warning));
	const named = (rule) => about.filter((warning) => warning.includes(`the rule "${rule.name}"`));
	const placed = new Set(rules.flatMap(named));
	return { of: named, rest: about.filter((warning) => !placed.has(warning)) };
}

function Order({ rules, trial, warnings }) {
	const told = sort(warnings, rules);
	const titles = t.rules.columns;
	return (
		<Card title={t.pages.rules}>
			{told.rest.map((warning) => (
				<p class="notice">{plain(warning)}</p>
			))}
			<Table
				caption={t.pages.rules}
				columns={{ order: [titles.order, ""], name: [titles.name, ""], tags: [titles.tags, ""], stage: [titles.stage, ""], action: [titles.action, ""], matches: [titles.matches, "number"], change: ["", "number"] }}
				rows={rules.map((rule) => ({
					key: rule.name,
					order: rule.rule,
					name: (
						<>
							<strong>{plain(rule.name)}</strong>
							{told.of(rule).map((warning) => (
								<div class="loud small">{plain(warning)}</div>
							))}
						</>
					),
					tags: <For tags={rule.tags} />,
					stage: t.rules.stages[rule.stage] || rule.stage,
					action: <Action action={rule.action} />,
					matches: rule.matches ? count(rule.matches) : <span class="quiet">{t.rules.idle}</span>,
					change: rule.added && (
						<button title={t.edit.added} onClick={() => trial.takeBack(rule.name)}>
							{t.edit.remove}
						</button>
					),
				}))}
			/>
		</Card>
	);
}

export function Rules() {
	const answer = useAnswer("rules", null, REFRESH);
	const status = useAnswer("status", null, REFRESH);
	const trial = useTrial(answer.again);
	if (!answer.data)
		return <Waiting answer={answer} />;
	const rules = answer.data.rules;
	return (
		<>
			<Sentence>{rules.length ? <Rich of={t.rules.sentence(rules.length, rules.reduce((sum, rule) => sum + rule.matches, 0))} /> : t.rules.empty}</Sentence>
			<Waiting answer={answer} />
			<div class="stack">
				{rules.length > 0 && <Order rules={rules} trial={trial} warnings={status.data ? status.data.warnings : []} />}
				<Editor trial={trial} />
			</div>
		</>
	);
}
