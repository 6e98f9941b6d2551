/* The API's client, see client.h. */
#include "cli/client.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "config/config.h"
#include "journal/sqlite/sqlite.h"
#include "report/params.h"
#include "report/report.h"

#define CONNECT_TIMEOUT_MS 2000L
#define TIMEOUT_MS 150000L /* a reload of large lists */
#define RESPONSE_BYTES_MAX (512u << 20)
#define URL_BYTES_MAX (64u << 10)

struct client {
	struct config *config;
	CURL *curl;
	char error[CURL_ERROR_SIZE];
};

static void print_findings(const struct diag *diag)
{
	for (size_t i = 0; i < diag->count; i++) {
		char text[DIAG_TEXT_MAX + 512];
		if (diag->entries[i].level != DIAG_ERROR)
			continue;
		diag_format(&diag->entries[i], text, sizeof text);
		fprintf(stderr, "%s\n", cli_safe(text));
	}
}

struct client *client_open(const struct cli *cli)
{
	struct diag diag;
	diag_init(&diag);
	struct client *client = calloc(1, sizeof *client);
	int error = client ? config_load(cli->config, &diag, &client->config) : PF_ENOMEM;
	if (error != PF_OK) {
		print_findings(&diag);
		fprintf(
			stderr,
			"portafilter: %s can not be used (%s); name the daemon's configuration with -c FILE.\n",
			cli->config, diag.errors ? "see above" : pf_strerror(error));
		diag_deinit(&diag);
		free(client);
		return NULL;
	}
	diag_deinit(&diag);
	client->curl = curl_easy_init();
	if (!client->curl) {
		fprintf(stderr, "portafilter: out of memory.\n");
		client_close(&client);
	}
	return client;
}

void client_close(struct client **client)
{
	if (!*client)
		return;
	config_free(&(*client)->config);
	if ((*client)->curl)
		curl_easy_cleanup((*client)->curl);
	free(*client);
	*client = NULL;
}

const char *client_error(const struct client *client)
{
	return client->error;
}

int client_no_daemon(const struct client *client)
{
	fprintf(stderr, "portafilter: the daemon does not answer on %s: %s.\n",
	        client->config->control_socket, client->error);
	return CLI_NO_DAEMON;
}

/* ---- HTTP -------------------------------------------------------------------------------- */

static size_t on_body(char *bytes, size_t size, size_t count, void *data)
{
	struct buffer *body = data;
	buffer_append(body, bytes, size * count);
	return body->failed ? 0 : size * count;
}

static int build_url(struct client *client, struct buffer *url, const char *path,
                     const struct client_param *params, size_t count)
{
	char between = '?';
	buffer_print(url, "http://localhost%s", path);
	for (size_t i = 0; i < count; i++) {
		if (!params[i].value)
			continue;
		char *value = curl_easy_escape(client->curl, params[i].value, 0);
		if (!value)
			return PF_ENOMEM;
		buffer_print(url, "%c%s=%s", between, params[i].name, value);
		curl_free(value);
		between = '&';
	}
	return url->failed ? PF_ENOMEM : PF_OK;
}

static CURLcode transfer(struct client *client, const char *url, bool post, struct buffer *body)
{
	CURL *curl = client->curl;
	curl_easy_reset(curl);
	client->error[0] = '\0';
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, client->config->control_socket);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, client->error);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, TIMEOUT_MS);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, body);
	if (post) {
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, "");
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, 0L);
	}
	CURLcode code = curl_easy_perform(curl);
	if (code != CURLE_OK && !client->error[0])
		snprintf(client->error, sizeof client->error, "%s", curl_easy_strerror(code));
	return code;
}

static void print_problem(json_t *problem)
{
	size_t i;
	json_t *line;
	json_array_foreach(json_object_get(problem, "errors"), i, line)
		fprintf(stderr, "%s\n", cli_safe(json_string_value(line)));
	fprintf(stderr, "portafilter: %s\n", cli_text(problem, "detail"));
}

static int ask(struct client *client, const char *path, const struct client_param *params,
               size_t count, bool post, json_t **out)
{
	struct buffer url, body;
	long http = 0;
	int result = CLI_NO_DAEMON;
	*out = NULL;
	buffer_init(&url, URL_BYTES_MAX);
	buffer_init(&body, RESPONSE_BYTES_MAX);
	if (build_url(client, &url, path, params, count) != PF_OK)
		snprintf(client->error, sizeof client->error, "out of memory");
	else if (transfer(client, url.data, post, &body) == CURLE_OK) {
		curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &http);
		*out = json_loadb(body.data ? body.data : "", body.length, 0, NULL);
		if (!*out)
			snprintf(client->error, sizeof client->error, "its answer is no JSON");
		else
			result = http < 400 ? CLI_DONE : CLI_NO;
	}
	if (result == CLI_NO)
		print_problem(*out);
	buffer_deinit(&url);
	buffer_deinit(&body);
	return result;
}

int client_get(struct client *client, const char *path, const struct client_param *params,
               size_t count, json_t **out)
{
	return ask(client, path, params, count, false, out);
}

int client_post(struct client *client, const char *path, json_t **out)
{
	return ask(client, path, NULL, 0, true, out);
}

/* ---- the journal without the daemon ------------------------------------------------------ */

static int read_file(struct client *client, const char *what, const struct client_param *params,
                     size_t count, json_t **out, char error[500])
{
	struct params list = {0};
	struct store_filter filter;
	if (!client->config->journal_enabled) {
		snprintf(error, 500, "no journal is kept (journal: off)");
		return CLI_NO;
	}
	for (size_t i = 0; i < count && list.count < PARAM_MAX; i++)
		if (params[i].value)
			list.list[list.count++] = (struct param){params[i].name, params[i].value};
	if (params_filter(&list, clock_now(), &filter, error) != PF_OK)
		return CLI_USAGE;
	struct store *store = sqlite_store_open(client->config->journal_path, error, 500);
	if (!store)
		return CLI_NO;
	*out =
		strcmp(what, "queries") ? report_endpoints(store, &filter) : report_queries(store, &filter);
	if (!*out)
		snprintf(error, 500, "%s", store->error);
	store->close(&store);
	return *out ? CLI_DONE : CLI_NO;
}

int client_ask_journal(struct client *client, const char *what, const struct client_param *params,
                       size_t count, json_t **out)
{
	char path[64], error[500] = "";
	snprintf(path, sizeof path, "/api/v1/%s", what);
	int result = client_get(client, path, params, count, out);
	if (result != CLI_NO_DAEMON)
		return result;
	result = read_file(client, what, params, count, out, error);
	if (result == CLI_DONE)
		return CLI_DONE;
	if (result == CLI_USAGE) {
		fprintf(stderr, "portafilter: %s\n", error);
		return CLI_USAGE;
	}
	client_no_daemon(client);
	fprintf(stderr, "portafilter: and the journal can not be read without it: %s\n", error);
	return CLI_NO_DAEMON;
}
