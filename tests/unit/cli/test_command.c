/* The portafilter command as it is built, run against an API of our own: what it prints, where, and with which exit
 * code; without the daemon, and with one that talks nonsense. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/cli.h"
#include "journal/sqlite/sqlite.h"
#include "unit/admin/world.h"
#include "unit/journal/sample.h"

#define WORDS_MAX 24
#define OUTPUT_BYTES_MAX (1u << 20)
#define PATIENCE_S 60 /* of one command; under valgrind too */

/* What one run of the command has left. */
struct outcome {
	int code;
	char *out, *err; /* owned */
};

/* "portafilter" in the build folder, beside tests/. */
static void find_command(char path[512])
{
	ssize_t length = readlink("/proc/self/exe", path, 400);
	assert_true(length > 0);
	path[length] = '\0';
	for (int i = 0; i < 4; i++)
		*strrchr(path, '/') = '\0';
	strcat(path, "/portafilter");
	if (access(path, X_OK))
		fail_msg("%s is not built", path);
}

static pid_t start(const struct world *world, const char *const *words, int out, int err)
{
	char command[512];
	char *argv[WORDS_MAX] = {command, (char *)"-c", (char *)world->config_path};
	find_command(command);
	for (size_t i = 0; words[i]; i++)
		argv[3 + i] = (char *)words[i];
	pid_t pid = fork();
	if (pid == 0)
		signal(SIGINT, SIG_DFL); /* whoever runs the tests in the background ignores it */
	if (pid == 0) {
		dup2(out, STDOUT_FILENO);
		dup2(err, STDERR_FILENO);
		unsetenv("NO_COLOR");
		alarm(PATIENCE_S);
		execv(command, argv);
		_exit(127);
	}
	assert_true(pid > 0);
	return pid;
}

static char *read_all(int fd)
{
	char *text = malloc(OUTPUT_BYTES_MAX);
	lseek(fd, 0, SEEK_SET);
	ssize_t length = read(fd, text, OUTPUT_BYTES_MAX - 1);
	assert_in_range(length, 0, OUTPUT_BYTES_MAX - 2);
	text[length] = '\0';
	close(fd);
	return text;
}

static struct outcome run(const struct world *world, const char *const *words)
{
	struct outcome outcome;
	int out = memfd_create("out", MFD_CLOEXEC), err = memfd_create("err", MFD_CLOEXEC), status;
	pid_t pid = start(world, words, out, err);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (!WIFEXITED(status))
		fail_msg("%s ended by signal %d", words[0], WTERMSIG(status));
	outcome.code = WEXITSTATUS(status);
	outcome.out = read_all(out);
	outcome.err = read_all(err);
	return outcome;
}

#define RUN(world, ...) run(world, (const char *const[]){__VA_ARGS__, NULL})

static void forget(struct outcome *outcome)
{
	free(outcome->out);
	free(outcome->err);
}

/* The exit code, and a piece of each output ("" : nothing may be there; NULL: whatever). */
static void expect(struct outcome outcome, int code, const char *out, const char *err)
{
	bool good = outcome.code == code;
	good = good && (!out || (*out ? strstr(outcome.out, out) != NULL : !*outcome.out));
	good = good && (!err || (*err ? strstr(outcome.err, err) != NULL : !*outcome.err));
	if (!good)
		fail_msg("expected %d, \"%s\" and \"%s\"; got %d, \"%s\" and \"%s\"", code, out, err,
		         outcome.code, outcome.out, outcome.err);
	forget(&outcome);
}

static json_t *expect_json(struct outcome outcome, int code)
{
	json_t *json = json_loads(outcome.out, 0, NULL);
	if (outcome.code != code || !json)
		fail_msg("%d: %s%s", outcome.code, outcome.out, outcome.err);
	for (const char *c = outcome.out; *c; c++)
		if (*c != '\n')
			assert_in_range((unsigned char)*c, 0x20, 0x7e);
	forget(&outcome);
	return json;
}

static size_t count_lines(const char *text)
{
	size_t lines = 0;
	for (; *text; text++)
		lines += *text == '\n';
	return lines;
}

static int make(void **state)
{
	*state = world_new();
	return 0;
}

static int clean(void **state)
{
	world_free((struct world **)state);
	return 0;
}

/* ---- verbs ------------------------------------------------------------------------------- */

static void status_is_readable(void **state)
{
	struct world *world = *state;
	struct outcome outcome = RUN(world, "status");
	assert_int_equal(outcome.code, CLI_DONE);
	static const char *const pieces[] = {
		"portafilter 0.1.0, pid 1, up 1 d 2 h (since 2026-11-23 20:26:23 UTC), 2 workers\n",
		"listens    127.0.0.1:5353 [::1]:5353; home: US\n",
		"6 devices, 12 neighbours, 3 lists with 12,345 names, 4 rules\n",
		"1,234,567 received, 1,234,560 answered: 1,234,000 allowed, 500 flagged, 60 sinkholed\n",
		"3 malformed, 2 refused, 7 limited, 1 overloaded, 4 dropped, 1 in flight\n",
		"31 answers in 8.8 KiB of 64.0 MiB; 3 hits, 4 misses, 0 evicted\n",
		"127.0.0.1:5300: 3 queries, 3 answers, 0 timeouts, 0 junk, 0.4 ms\n",
		"127.0.0.2:5300: 0 queries, 0 answers, 0 timeouts, 0 junk\n",
		"journal    /j.db: 8 put, 8 journalled, 0 dropped\n",
		"database   dbip 2026-06 (location), of 2026-06-01, 175 days old, look for a newer one: /d.mmdb\n",
	};
	for (size_t i = 0; i < PF_COUNT(pieces); i++)
		if (!strstr(outcome.out, pieces[i]))
			fail_msg("no \"%s\" in\n%s", pieces[i], outcome.out);
	static const char last[] = "warning    The database dbip 2026-06 is 175 days old.\n";
	assert_string_equal(outcome.out + strlen(outcome.out) - (sizeof last - 1), last);
	assert_null(strchr(outcome.out, '\033')); /* no terminal, no colours */
	forget(&outcome);
	json_t *json = expect_json(RUN(world, "--json", "status"), CLI_DONE);
	assert_int_equal(json_integer_value(json_object_get(json, "uptime_s")), 93784);
	json_decref(json);
}

static void devices_are_a_table(void **state)
{
	struct world *world = *state;
	struct outcome outcome = RUN(world, "devices");
	assert_int_equal(outcome.code, CLI_DONE);
	assert_int_equal(count_lines(outcome.out), 1 + 3 + SAMPLE_DEVICES - 1);
	assert_non_null(strstr(outcome.out, "a\\u{1b}[31m\\u{202e}b"));
	assert_non_null(strstr(outcome.out, "all coffee"));
	assert_non_null(strstr(outcome.out, "never"));
	assert_null(strchr(outcome.out, '\033'));
	forget(&outcome);
	outcome = RUN(world, "devices", "--unknown");
	assert_int_equal(count_lines(outcome.out), 1 + SAMPLE_DEVICES);
	assert_null(strstr(outcome.out, "lobby coffee"));
	forget(&outcome);
	json_t *json = expect_json(RUN(world, "devices", "--unknown", "--json"), CLI_DONE);
	assert_int_equal(json_array_size(json_object_get(json, "devices")), SAMPLE_DEVICES);
	json_decref(json);
}

static void explain_says_it_in_order(void **state)
{
	struct world *world = *state;
	struct outcome outcome = RUN(world, "explain", "lobby coffee", "a.example.cn");
	assert_int_equal(outcome.code, CLI_DONE);
	assert_string_equal(
		outcome.out,
		"sinkholed by rule 3 \"coffee stays home\": a.example.cn → 203.0.113.7 in CN\n\n"
		"device     lobby coffee (mac:64:bc:0c:80:7e:00), tags all coffee\n"
		"question   a.example.cn A\n"
		"reply      NXDOMAIN (nxdomain), by cache, answered by 127.0.0.1:5300\n"
		"standing   overseas/high\n"
		"leads to   a.example.net\n"
		"           as 127.0.0.1:5300 answered, asked without client subnet; another resolver may be "
		"given other addresses\n"
		"address    203.0.113.7  overseas/high in CN (dbip 2026-06 CN), run by AS37963 Größe "
		"(country unknown), anycast\n"
		"address    192.0.2.1  unknown/low, of special use: it stands nowhere\n"
		"hint       .cn says who registers the name, and nothing of where it stands\n"
		"list       tv, entry example.cn, /l/tv.txt line 12: ||example.cn^\n"
		"rule 3     sinkhole \"coffee stays home\" (answers): matches\n"
		"One rule does not hold: --all says why.\n");
	forget(&outcome);
	expect(RUN(world, "explain", "lobby coffee", "a.example.cn", "--all"), CLI_DONE,
	       "rule 1     allow \"firmware updates\" (names): no match; the name is none of "
	       "*.update.example.com\n"
	       "rule 3     sinkhole \"coffee stays home\" (answers): matches\n",
	       "");
	world->without_rules = true;
	expect(RUN(world, "explain", "lobby coffee", "b", "AAAA"), CLI_DONE,
	       "No rule speaks of this: the device gets the answer as it is.\n", "");
	expect(RUN(world, "explain", "no/such & = ?", "b"), CLI_NO, "",
	       "portafilter: There is no device \"no/such & = ?\".\n");
	expect(RUN(world, "explain", "speechless", "b"), CLI_NO, "", "no answer");
	json_t *json = expect_json(RUN(world, "explain", "nobody", "b", "--json"), CLI_NO);
	assert_int_equal(json_integer_value(json_object_get(json, "status")), 404);
	json_decref(json);
}

static void lists_and_reload(void **state)
{
	struct world *world = *state;
	expect(RUN(world, "lists"), CLI_DONE,
	       "tv: 12,345 names, 1 exception, 12,400 lines, format plain, of 2026-11-01 00:00:00 UTC: "
	       "/l/tv.txt\n  4 skipped, not a domain name: line 4, 9, 11 …\n",
	       "");
	expect(
		RUN(world, "lists", "update"), CLI_DONE,
		"feed:\n  from https://l.example/f.txt: fetched 2026-11-25 18:00:00, 5,000 bytes, checked "
		"2026-11-25 19:00:00, next 2026-11-26 18:00:00 UTC\n",
		"");
	expect(RUN(world, "lists", "update", "nowhere"), CLI_NO, "",
	       "feed: it is a page\nportafilter: 1 of 1 lists could not be fetched.\n");
	expect(RUN(world, "reload"), CLI_DONE, "Reloaded: snapshot 2 is in force.\n",
	       "p.yaml:1:1: warning: it is late.\n");
	world->refuses_reload = true;
	expect(
		RUN(world, "reload"), CLI_NO, "",
		"p.yaml:1:2: error: one.\np.yaml:3:4: error: two.\nportafilter: The configuration is not "
		"taken; the old one stays in force.\n");
	assert_int_equal(world->reloads, 2);
}

/* ---- the journal ------------------------------------------------------------------------- */

static void expect_log(struct world *world)
{
	json_t *json = expect_json(RUN(world, "log", "--json"), CLI_DONE);
	assert_int_equal(json_array_size(json_object_get(json, "queries")), WORLD_ROWS);
	json_decref(json);
	struct outcome outcome = RUN(world, "log", "--limit", "1", "--action", "sinkhole");
	assert_int_equal(outcome.code, CLI_DONE);
	assert_int_equal(count_lines(outcome.out), 2);
	assert_non_null(strstr(outcome.out, "x sinkhole"));
	assert_non_null(strstr(outcome.out, "\n    sinkholed by rule "));
	assert_non_null(strstr(outcome.err, "without asking this DNS"));
	forget(&outcome);
	expect(RUN(world, "log", "--device", "nobody"), CLI_DONE, "", "no such query");
	json = expect_json(RUN(world, "endpoints", "--json"), CLI_DONE);
	size_t endpoints = json_array_size(json_object_get(json, "endpoints"));
	assert_true(endpoints > 500);
	json_decref(json);
	outcome = RUN(world, "endpoints");
	assert_int_equal(count_lines(outcome.out), endpoints + 1);
	assert_non_null(strstr(outcome.out, "Größe & Söhne"));
	assert_non_null(strstr(outcome.out, "example.com → example.net  ")); /* whose names led there */
	assert_non_null(strstr(outcome.err, "DNS can not show bare addresses"));
	forget(&outcome);
	outcome = RUN(world, "endpoints", "--format", "jsonl", "--standing", "overseas");
	assert_int_equal(outcome.code, CLI_DONE);
	assert_string_equal(outcome.err, "");
	char *rest = outcome.out;
	for (char *line; (line = strsep(&rest, "\n")) && *line;) {
		json = json_loads(line, 0, NULL);
		assert_string_equal(json_string_value(json_object_get(json, "standing")), "overseas");
		json_decref(json);
	}
	forget(&outcome);
	outcome = RUN(world, "endpoints", "--format", "csv");
	assert_int_equal(count_lines(outcome.out), endpoints + 1);
	static const char heads[] = "device,name,type,address,location,control,asn,organisation,"
								"standing,confidence,first,last,count,domain,"
								"hops,hop_domains,dnssec\r\n";
	assert_memory_equal(outcome.out, heads, sizeof heads - 1);
	forget(&outcome);
}

/* The same with the daemon, and from the file without it, in silence. */
static void the_journal_with_and_without_the_daemon(void **state)
{
	struct world *world = *state;
	expect_log(world);
	admin_stop(&world->admin);
	expect_log(world);
	unlink(world->journal_path);
	expect(RUN(world, "log"), CLI_NO_DAEMON, "", "the daemon does not answer on ");
	expect(RUN(world, "endpoints"), CLI_NO_DAEMON, "", "the journal can not be read without it: ");
}

static void filters_are_checked_before_anybody_is_asked(void **state)
{
	struct world *world = *state;
	static const char *const wrong[][4] = {
		{"log", "--since", "yesterday"},
		{"log", "--action", "block"},
		{"log", "--standing", "abroad"},
		{"log", "--type", "NONSENSE"},
		{"log", "--limit", "0"},
		{"log", "--limit", "many"},
		{"log", "--limit", "100001"},
		{"endpoints", "--limit", "-1"},
		{"endpoints", "--format", "xml"},
		{"endpoints", "--since", "1"},
		{"endpoints", "--format=csv", "--json"},
	};
	for (int alive = 1; alive >= 0; alive--) {
		for (size_t i = 0; i < PF_COUNT(wrong); i++)
			expect(run(world, wrong[i]), CLI_USAGE, "", "portafilter: ");
		admin_stop(&world->admin);
	}
}

static void add_row(struct world *world, unsigned number)
{
	char error[256];
	struct sample sample;
	struct sink *sink = sqlite_sink_open(world->journal_path, INT64_MAX / 2, error, sizeof error);
	assert_non_null(sink);
	sample_fill(&sample, number, true);
	assert_int_equal(sink->begin(sink, error, sizeof error), PF_OK);
	assert_int_equal(sink->write(sink, &sample.record, error, sizeof error), PF_OK);
	assert_int_equal(sink->commit(sink, error, sizeof error), PF_OK);
	sink->close(&sink);
}

/* Reads up to the next line of JSON and returns its row. */
static json_int_t next_row(FILE *stream)
{
	char line[4096];
	assert_non_null(fgets(line, sizeof line, stream));
	json_t *json = json_loads(line, 0, NULL);
	assert_non_null(json);
	json_int_t row = json_integer_value(json_object_get(json, "row"));
	json_decref(json);
	return row;
}

static void log_follows(void **state)
{
	struct world *world = *state;
	static const char *const words[] = {"log", "-f", "--json", NULL};
	int ends[2], status;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid_t pid = start(world, words, ends[1], STDERR_FILENO);
	close(ends[1]);
	FILE *stream = fdopen(ends[0], "r");
	for (unsigned i = 0; i < 20; i++)
		assert_int_equal(next_row(stream), WORLD_ROWS - 19 + i);
	/* Each is shown once, also when the daemon goes away in between. */
	for (unsigned i = 1; i <= 4; i++) {
		if (i == 3)
			admin_stop(&world->admin);
		add_row(world, i);
		assert_int_equal(next_row(stream), WORLD_ROWS + i);
	}
	/* Nobody reads any more: it ends by itself, without another row. */
	fclose(stream);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == CLI_DONE);
}

static void log_follows_until_it_is_interrupted(void **state)
{
	struct world *world = *state;
	static const char *const words[] = {"log", "--follow", "--limit", "1", "--json", NULL};
	int ends[2], status;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid_t pid = start(world, words, ends[1], STDERR_FILENO);
	close(ends[1]);
	FILE *stream = fdopen(ends[0], "r");
	assert_int_equal(next_row(stream), WORLD_ROWS);
	kill(pid, SIGINT);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
	fclose(stream);
}

/* ---- no daemon, or a strange one --------------------------------------------------------- */

static void without_the_daemon(void **state)
{
	struct world *world = *state;
	static const char *const asks[][4] = {
		{"status"}, {"devices"}, {"lists"}, {"reload"}, {"explain", "a", "b"}};
	admin_stop(&world->admin);
	for (size_t i = 0; i < PF_COUNT(asks); i++)
		expect(run(world, asks[i]), CLI_NO_DAEMON, "", "there is no such socket");
	/* A socket that nobody listens on. */
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	snprintf(address.sun_path, sizeof address.sun_path, "%s", world->socket_path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	expect(RUN(world, "status"), CLI_NO_DAEMON, "", "nobody listens there");
	close(fd);
}

struct stranger {
	int fd;
	const char *says;
	size_t served;
};

/* Answers every request with the same bytes, until its socket is shut. */
static void *serve(void *data)
{
	struct stranger *stranger = data;
	for (int fd; (fd = accept(stranger->fd, NULL, NULL)) >= 0; close(fd)) {
		char request[8192] = "";
		size_t used = 0;
		while (!strstr(request, "\r\n\r\n")) {
			ssize_t now = recv(fd, request + used, sizeof request - used - 1, 0);
			if (now <= 0)
				break;
			used += (size_t)now;
			request[used] = '\0';
		}
		send(fd, stranger->says, strlen(stranger->says), MSG_NOSIGNAL);
		stranger->served++;
	}
	return NULL;
}

static void a_daemon_that_talks_nonsense(void **state)
{
	struct world *world = *state;
	static const char *const nonsense[] = {
		"",
		"hello\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n[1,2]",
		"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n\"text\"",
		"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"cut\": ",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
		"HTTP/1.1 400 Bad\r\nContent-Length: 13\r\n\r\n<html></html>",
		"HTTP/1.1 301 Away\r\nLocation: http://192.0.2.1/\r\nContent-Length: 0\r\n\r\n",
	};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct stranger stranger = {.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
	pthread_t thread;
	admin_stop(&world->admin);
	snprintf(address.sun_path, sizeof address.sun_path, "%s", world->socket_path);
	assert_int_equal(bind(stranger.fd, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(listen(stranger.fd, 8), 0);
	stranger.says = nonsense[0];
	assert_int_equal(pthread_create(&thread, NULL, serve, &stranger), 0);
	for (size_t i = 0; i < PF_COUNT(nonsense); i++) {
		stranger.says = nonsense[i];
		expect(RUN(world, "status"), CLI_NO_DAEMON, "", "the daemon does not answer on ");
	}
	/* Right JSON of a wrong shape: nothing to show, and no harm. */
	stranger.says = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
	expect(RUN(world, "status"), CLI_DONE, "portafilter ", "");
	expect(RUN(world, "explain", "a", "b"), CLI_DONE, NULL, "");
	expect(RUN(world, "devices"), CLI_DONE, "DEVICE", NULL);
	expect(RUN(world, "lists"), CLI_DONE, "", NULL);
	stranger.says = "HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n"
					"{\"lists\":[1,null,{\"name\":[]}]}";
	expect(RUN(world, "lists"), CLI_DONE, NULL, "");
	stranger.says = "HTTP/1.1 404 No\r\nContent-Length: 25\r\n\r\n{\"detail\":\"\\u001b[31mno\"}";
	expect(RUN(world, "status"), CLI_NO, "", "portafilter: \\u{1b}[31mno\n");
	assert_true(stranger.served >= PF_COUNT(nonsense) + 6);
	shutdown(stranger.fd, SHUT_RDWR);
	pthread_join(thread, NULL);
	close(stranger.fd);
}

/* ---- the configuration and the rest ------------------------------------------------------ */

static void check_tells_all(void **state)
{
	struct world *world = *state;
	char text[1000];
	admin_stop(&world->admin); /* it is not needed */
	snprintf(text, sizeof text,
	         "listen: {dns: [\"127.0.0.1:5353\"], control: %s}\nupstreams: [\"127.0.0.1:5300\"]\n"
	         "geo: {location: [], control: []}\n"
	         "devices:\n  - {name: tv, ip: 192.0.2.1, tags: [tv]}\n"
	         "rules:\n  - {name: r, tags: [tv], names: [x.example], action: flag}\n"
	         "journal: {path: %s}\n",
	         world->socket_path, world->journal_path);
	world_configure(world, text);
	expect(RUN(world, "check"), CLI_DONE,
	       "portafilter.yaml is right: 1 device, 0 lists with 0 names, 1 rule, 1 database; ", NULL);
	json_t *json = expect_json(RUN(world, "check", "--json"), CLI_DONE);
	assert_true(json_is_true(json_object_get(json, "ok")));
	assert_int_equal(json_array_size(json_object_get(json, "errors")), 0);
	json_decref(json);

	world_configure(world, "hoem: [US]\nupstreams: [nonsense]\n");
	struct outcome outcome = RUN(world, "check");
	assert_int_equal(outcome.code, CLI_NO);
	assert_string_equal(outcome.out, "");
	assert_non_null(strstr(outcome.err, "portafilter.yaml:1:1: error: "));
	assert_non_null(strstr(outcome.err, "portafilter.yaml:2:"));
	assert_non_null(strstr(outcome.err, "is not right: 2 errors"));
	forget(&outcome);
	json = expect_json(RUN(world, "check", "--json"), CLI_NO);
	assert_true(json_is_false(json_object_get(json, "ok")));
	assert_int_equal(json_array_size(json_object_get(json, "errors")), 2);
	json_decref(json);
	/* Others need its socket, and say what is in the way. */
	expect(RUN(world, "status"), CLI_NO, "", "portafilter.yaml:1:1: error: ");
	unlink(world->config_path);
	expect(RUN(world, "check"), CLI_NO, "", "error");
	expect(RUN(world, "status"), CLI_USAGE, "",
	       "can not be read: No such file or directory. Name the daemon's with -c FILE.");
}

static void help_and_version(void **state)
{
	struct world *world = *state;
	static const char *const verbs[] = {"check",   "status",    "devices", "log",
	                                    "explain", "endpoints", "lists",   "reload"};
	struct outcome outcome = RUN(world, "help");
	for (size_t i = 0; i < PF_COUNT(verbs); i++) {
		char usage[64];
		assert_non_null(strstr(outcome.out, verbs[i]));
		snprintf(usage, sizeof usage, "Usage: portafilter %s", verbs[i]);
		expect(RUN(world, "help", verbs[i]), CLI_DONE, usage, "");
		expect(RUN(world, verbs[i], "--help"), CLI_DONE, "Examples:\n  portafilter ", "");
	}
	forget(&outcome);
	expect(RUN(world, "--version"), CLI_DONE, "portafilter 0", "");
	expect(RUN(world, "help", "nonsense"), CLI_USAGE, "", "no verb nonsense");
	expect(RUN(world, "lists", "fetch"), CLI_USAGE, "", "does not know \"fetch\"");
	expect(run(world, (const char *const[]){NULL}), CLI_USAGE, "", "say what to do");
	expect(RUN(world, "no\033such"), CLI_USAGE, "", "no verb no\\u{1b}such;");
}

/* Output that goes nowhere is no success. */
static void a_full_disk_shows(void **state)
{
	struct world *world = *state;
	static const char *const lines[][4] = {{"endpoints", "--format", "csv"},
	                                       {"log", "--json"},
	                                       {"status"},
	                                       {"help"}};
	for (size_t i = 0; i < PF_COUNT(lines); i++) {
		int full = open("/dev/full", O_WRONLY | O_CLOEXEC), err = memfd_create("err", MFD_CLOEXEC);
		int status;
		pid_t pid = start(world, lines[i], full, err);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		close(full);
		char *text = read_all(err);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), CLI_NO);
		assert_non_null(strstr(text, "can not be written"));
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(status_is_readable, make, clean),
		cmocka_unit_test_setup_teardown(devices_are_a_table, make, clean),
		cmocka_unit_test_setup_teardown(explain_says_it_in_order, make, clean),
		cmocka_unit_test_setup_teardown(lists_and_reload, make, clean),
		cmocka_unit_test_setup_teardown(the_journal_with_and_without_the_daemon, make, clean),
		cmocka_unit_test_setup_teardown(filters_are_checked_before_anybody_is_asked, make, clean),
		cmocka_unit_test_setup_teardown(log_follows, make, clean),
		cmocka_unit_test_setup_teardown(log_follows_until_it_is_interrupted, make, clean),
		cmocka_unit_test_setup_teardown(without_the_daemon, make, clean),
		cmocka_unit_test_setup_teardown(a_daemon_that_talks_nonsense, make, clean),
		cmocka_unit_test_setup_teardown(check_tells_all, make, clean),
		cmocka_unit_test_setup_teardown(help_and_version, make, clean),
		cmocka_unit_test_setup_teardown(a_full_disk_shows, make, clean),
	};
	return cmocka_run_group_tests_name("cli: command", tests, NULL, NULL);
}
