// The door: a name and a password.
import { useState } from "preact/hooks";
import { post } from "./api.js";
import { plain } from "./format.js";
import { Card, Field, Sentence } from "./parts.jsx";
import { t } from "./texts.js";

function NoPassword() {
	return (
		<main class="door">
			<Sentence of={t.login.none} />
			<Card>
				<p>{t.login.noneHow}</p>
				<p>
					<code>{t.login.command}</code>
				</p>
			</Card>
		</main>
	);
}

export function Login({ session, onDone }) {
	const [password, setPassword] = useState("");
	const [problem, setProblem] = useState(null);
	const enter = async (event) => {
		event.preventDefault();
		try {
			onDone(await post("login", { password }));
		} catch (failed) {
			setProblem(failed);
			setPassword("");
		}
	};
	if (!session.password_set)
		return <NoPassword />;
	return (
		<main class="door">
			<Sentence of={[t.login.sentence]} />
			<Card>
				<form onSubmit={enter}>
					<Field label={t.login.password} type="password" value={password} onInput={setPassword} />
					{problem && (
						<p class="loud" role="alert">
							{problem.status === 401 ? t.login.failed : plain(problem.message)}
						</p>
					)}
					<button class="main">{t.login.enter}</button>
				</form>
			</Card>
		</main>
	);
}
