import {render} from "preact";
import {useEffect, useState} from "preact/hooks";
import {get, post} from "./api.js";
import {texts} from "./texts.js";

function Login({session, onDone}) {
	const [error, setError] = useState("");
	if (!session.password_set)
		return <p>{texts.firstRun} <code>{texts.firstRunCommand}</code></p>;
	const enter = async (event) => {
		event.preventDefault();
		try {
			await post("login", {password: new FormData(event.target).get("password")});
			onDone();
		} catch (problem) {
			setError(problem.message);
		}
	};
	return <form onSubmit={enter}>
		<label>{texts.login} <input type="password" name="password" autocomplete="current-password" required autofocus/></label>
		<button>{texts.enter}</button>
		<p role="alert">{error}</p>
	</form>;
}

function Status() {
	const [status, setStatus] = useState(null);
	const [error, setError] = useState("");
	useEffect(() => { get("status").then(setStatus, (problem) => setError(problem.message)); }, []);
	if (error) return <p role="alert">{error}</p>;
	if (!status) return null;
	return <>
		<p>{texts.status(status.queries.answered.toLocaleString("en"), status.devices.configured)}</p>
		<pre>{JSON.stringify(status, null, 1)}</pre>
	</>;
}

function App() {
	const [session, setSession] = useState(null);
	const [error, setError] = useState("");
	const look = () => get("session").then(setSession, () => setError(texts.failed));
	useEffect(() => { look(); }, []);
	const leave = () => post("logout").then(look);
	return <main>
		<h1>{texts.title}</h1>
		<p role="alert">{error}</p>
		{session && !session.role && <Login session={session} onDone={look}/>}
		{session?.role && <><button onClick={leave}>{texts.leave}</button><Status/></>}
	</main>;
}

render(<App/>, document.getElementById("app"));
