/* The API's client, see client.h. */
#include "cli/client.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "cli/ask.h"
#include "cli/text.h"
#include "report/proposals.h"
#include "report/report.h"

#define CONNECT_TIMEOUT_MS 2000L
#define TIMEOUT_MS 60000L       /* a long walk through the journal */
#define POST_TIMEOUT_MS 660000L /* large lists; the daemon itself gives up before */
#define RESPONSE_BYTES_MAX (256u << 20)
#define URL_BYTES_MAX (60u << 10) /* the daemon takes no more */

struct client {
	struct config *config;
	CURL *curl;
	char error[CURL_ERROR_SIZE]; /* why the daemon does not answer */
};

/* ---- the configuration ------------------------------------------------------------------- */

static void print_errors(const struct diag *diag)
{
	for (size_t i = 0; i < diag->count; i++) {
		char text[DIAG_TEXT_MAX];
		if (diag->entries[i].level != DIAG_ERROR)
			continue;
		diag_format(&diag->entries[i], text, sizeof text);
		cli_say(stderr, "%s", text);
	}
}

static bool is_readable(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static int load(const struct cli *cli, struct config **config)
{
	struct diag diag;
	if (!is_readable(cli->config)) {
		cli_complain("the configuration %s can not be read: %s. Name the daemon's with -c FILE.",
		             cli->config, strerror(errno));
		return CLI_USAGE;
	}
	diag_init(&diag);
	int error = config_load(cli->config, &diag, config);
	if (error != PF_OK) {
		print_errors(&diag);
		cli_complain("%s names no socket that could be asked (%s); name another with -c FILE.",
		             cli->config,
		             diag.errors ? cli_count((json_int_t)diag.errors, "error").bytes
		                         : pf_strerror(error));
	}
	diag_deinit(&diag);
	return error == PF_OK ? CLI_DONE : CLI_NO;
}

int client_open(const struct cli *cli, struct client **out)
{
	struct client *client = calloc(1, sizeof *client);
	*out = NULL;
	if (client)
		client->curl = curl_easy_init();
	if (!client || !client->curl) {
		cli_complain("there is no memory.");
		free(client);
		return CLI_NO;
	}
	int result = load(cli, &client->config);
	if (result == CLI_DONE)
		*out = client;
	else
		client_close(&client);
	return result;
}

void client_close(struct client **client)
{
	if (!*client)
		return;
	config_free(&(*client)->config);
	curl_easy_cleanup((*client)->curl);
	free(*client);
	*client = NULL;
}

const struct config *client_config(const struct client *client)
{
	return client->config;
}

/* ---- HTTP -------------------------------------------------------------------------------- */

void client_param(struct params *params, const char *name, const char *value)
{
	if (value && params->count < PARAM_MAX)
		params->list[params->count++] = (struct param){name, value};
}

void client_filter_params(struct params *params, const struct cli *cli)
{
	const struct param all[] = {
		{"device", cli->device},   {"tag", cli->tag},         {"name", cli->name},
		{"domain", cli->domain},   {"country", cli->country}, {"location", cli->location},
		{"control", cli->control}, {"asn", cli->asn},         {"standing", cli->standing},
		{"action", cli->action},   {"rule", cli->rule},       {"type", cli->type},
		{"until", cli->until},
	};
	for (size_t i = 0; i < PF_COUNT(all); i++)
		client_param(params, all[i].name, all[i].value);
}

static size_t on_body(char *bytes, size_t size, size_t count, void *data)
{
	struct buffer *body = data;
	buffer_append(body, bytes, size * count);
	return body->failed ? 0 : size * count;
}

static bool build_url(struct client *client, struct buffer *url, const char *path,
                      const struct params *params)
{
	buffer_print(url, "http://localhost%s", path);
	for (size_t i = 0; params && i < params->count; i++) {
		char *value = curl_easy_escape(client->curl, params->list[i].value, 0);
		if (!value)
			return false;
		buffer_print(url, "%c%s=%s", i ? '&' : '?', params->list[i].name, value);
		curl_free(value);
	}
	return !url->failed;
}

/* curl's words speak of ports and hosts; this is about a socket in a folder. */
static void explain(struct client *client, CURLcode code)
{
	long reason = 0;
	curl_easy_getinfo(client->curl, CURLINFO_OS_ERRNO, &reason);
	const char *words = client->error;
	if (code == CURLE_COULDNT_CONNECT && reason == ENOENT)
		words = "there is no such socket; is portafilterd running?";
	else if (code == CURLE_COULDNT_CONNECT && reason == ECONNREFUSED)
		words = "nobody listens there; is portafilterd running?";
	else if (code == CURLE_COULDNT_CONNECT && (reason == EACCES || reason == EPERM))
		words = "permission denied; ask as root, or as a member of its group";
	else if (code == CURLE_COULDNT_CONNECT && reason)
		words = strerror((int)reason);
	else if (code == CURLE_OPERATION_TIMEDOUT)
		words = "it took the call and did not answer in time";
	else if (code == CURLE_WRITE_ERROR)
		words = "its answer is larger than this command takes";
	else if (!*words)
		words = curl_easy_strerror(code);
	if (words != client->error)
		snprintf(client->error, sizeof client->error, "%s", words);
}

/* `send` NULL: GET; else POST with this body. */
static CURLcode transfer(struct client *client, const char *url, const char *send,
                         struct buffer *body)
{
	CURL *curl = client->curl;
	curl_easy_reset(curl);
	client->error[0] = '\0';
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, client->config->control_socket);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http");
	curl_easy_setopt(curl, CURLOPT_PROXY, ""); /* whatever http_proxy says */
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, client->error);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, send ? POST_TIMEOUT_MS : TIMEOUT_MS);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, body);
	if (send) {
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, send);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)strlen(send));
	}
	CURLcode code = curl_easy_perform(curl);
	if (code != CURLE_OK)
		explain(client, code);
	return code;
}

static void print_problem(json_t *problem)
{
	size_t i;
	json_t *line;
	json_array_foreach(json_object_get(problem, "errors"), i, line)
		cli_say(stderr, "%s", json_is_string(line) ? json_string_value(line) : "");
	const char *detail = cli_string(problem, "detail");
	json_array_foreach(json_object_get(problem, "lists"), i, line) if (*cli_string(line, "error"))
		cli_say(stderr, "%s: %s", cli_string(line, "name"), cli_string(line, "error"));
	cli_complain("%s", *detail ? detail : "the daemon refuses, and does not say why.");
}

static int ask(struct client *client, const char *path, const struct params *params,
               const char *send, json_t **out)
{
	struct buffer url, body;
	long http = 0;
	int result = CLI_NO_DAEMON;
	*out = NULL;
	buffer_init(&url, URL_BYTES_MAX);
	buffer_init(&body, RESPONSE_BYTES_MAX);
	if (!build_url(client, &url, path, params)) {
		snprintf(client->error, sizeof client->error, "the question is too long");
	} else if (transfer(client, url.data, send, &body) == CURLE_OK) {
		curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &http);
		*out = json_loadb(body.data ? body.data : "", body.length, 0, NULL);
		if (json_is_object(*out)) {
			result = http < 400 ? CLI_DONE : CLI_NO;
		} else {
			json_decref(*out);
			*out = NULL;
			snprintf(client->error, sizeof client->error, "its answer (%ld) is no JSON object",
			         http);
		}
	}
	if (result == CLI_NO)
		print_problem(*out);
	buffer_deinit(&url);
	buffer_deinit(&body);
	return result;
}

int client_get(struct client *client, const char *path, const struct params *params, json_t **out)
{
	return ask(client, path, params, NULL, out);
}

int client_post(struct client *client, const char *path, json_t **out)
{
	return ask(client, path, NULL, "", out);
}

int client_post_json(struct client *client, const char *path, json_t *body, json_t **out)
{
	char *text = json_dumps(body, JSON_COMPACT);
	*out = NULL;
	if (!text) {
		cli_complain("there is no memory.");
		return CLI_NO;
	}
	int result = ask(client, path, NULL, text, out);
	explicit_bzero(text, strlen(text));
	free(text);
	return result;
}

int client_no_daemon(const struct client *client)
{
	cli_complain("the daemon does not answer on %s: %s.", client->config->control_socket,
	             client->error);
	return CLI_NO_DAEMON;
}

int client_run(const struct cli *cli, const char *path, const struct params *params, bool post,
               void (*print)(json_t *document))
{
	struct client *client;
	json_t *document = NULL;
	int result = client_open(cli, &client);
	if (result != CLI_DONE)
		return result;
	result = ask(client, path, params, post ? "" : NULL, &document);
	if (result == CLI_NO_DAEMON)
		client_no_daemon(client);
	else if (cli->json)
		cli_print_json(document);
	else if (result == CLI_DONE)
		print(document);
	json_decref(document);
	client_close(&client);
	return result;
}

/* ---- the journal ------------------------------------------------------------------------- */

static json_t *ask_store(const struct client *client, const char *what, struct store *store,
                         const struct store_filter *filter, char error[500])
{
	if (!strcmp(what, "queries"))
		return report_queries(store, filter);
	if (!strcmp(what, "endpoints"))
		return report_endpoints(store, filter);
	if (!strcmp(what, "events"))
		return report_events(store, filter);
	struct recognise *table = NULL;
	if (!client->config->recognise_path)
		snprintf(error, 500, "devices are not recognised by their names (recognise: off).");
	else if (recognise_load(client->config->recognise_path, &table, error) == PF_OK) {
		json_t *proposals = report_proposals(store, table, filter);
		recognise_free(&table);
		return proposals;
	}
	return NULL;
}

int client_ask_journal(struct client *client, const char *what, const struct params *params,
                       json_t **out)
{
	struct ask ask;
	char path[64], error[500] = "";
	bool tagged = params_get(params, "tag");
	struct params plain = *params;
	*out = NULL;
	/* A value that can not be is told without the daemon, and the same with it. */
	for (size_t i = 0; i < plain.count; i++)
		if (!strcmp(plain.list[i].name, "tag"))
			plain.list[i] = plain.list[--plain.count];
	int result = ask_filter(client, &plain, clock_now(), &ask, error);
	if (result != CLI_DONE) {
		cli_complain("%s", error);
		return result;
	}
	snprintf(path, sizeof path, "/api/v1/%s", what);
	result = client_get(client, path, params, out);
	if (result != CLI_NO_DAEMON)
		return result;
	int read = tagged ? ask_filter(client, params, clock_now(), &ask, error) : CLI_DONE;
	if (read == CLI_DONE)
		read = ask_open(client->config, &ask, error);
	if (read == CLI_DONE)
		*out = ask_store(client, what, ask.store, &ask.filter, error);
	if (read == CLI_DONE && !*out && *ask.store->error)
		snprintf(error, sizeof error, "%s", ask.store->error);
	ask_close(&ask);
	if (*out)
		return CLI_DONE;
	client_no_daemon(client);
	cli_complain("and the journal can not be read without it: %s", error);
	return CLI_NO_DAEMON;
}
