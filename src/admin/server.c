/* libmicrohttpd's calls: a request is looked at when its headers are there, its body is read when it may pass, its route runs on a
 * job's thread, and its answer is sent when the connection is resumed. One thread serves all connections of listen.web, so that
 * those that say nothing cost a file descriptor and no more. On the control socket each connection has a thread of its own:
 * libmicrohttpd hangs up on a suspended client that has closed its side for writing, which scripts do and browsers do not. */
#include "admin/server.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/assets.h"
#include "admin/body.h"
#include "admin/live.h"
#include "admin/respond.h"

#define CONNECTION_TIMEOUT_S 30
#define LOCAL_MEMORY_BYTES (64u << 10) /* request line and headers */
#define WEB_MEMORY_BYTES (16u << 10)   /* the same; of many connections of strangers */
#define BODY_READ_BYTES_MAX \
	(1u << 20) /* read and forgotten, so that the refusal arrives; then we hang up */

#define RETIRED_MAX 8 /* each has a thread; a certificate is renewed every few weeks */

struct server {
	struct MHD_Daemon *http;
	int quiet; /* the socket that nobody listens on any more; -1: it is the daemon's */
	struct server_options options;
	size_t retired_count;
	struct MHD_Daemon *retired[RETIRED_MAX]; /* of earlier certificates: their connections go on */
};

/* What is kept of a request between libmicrohttpd's calls. */
struct request {
	struct server *server;
	struct MHD_Connection *connection;
	enum { NEW, READING, RUNNING, DONE } phase;
	bool odd_path; /* with an escape, which no path of ours needs */
	size_t body_bytes;
	struct body body;
	const struct asset *asset;
	const struct route *route;
	struct caller caller;
	struct params params;
	bool holds_nul;
	/* A refusal, kept until the body has been read. */
	int refused; /* 0: none */
	const char *allow;
	char error[RESPOND_ERROR_MAX];
	struct routes_answer answer;
};

/* ---- the answer -------------------------------------------------------------------------- */

static void text_free(void *data)
{
	buffer_deinit(data);
	free(data);
}

static void answer_deinit(struct routes_answer *answer)
{
	if (answer->live)
		live_close(answer->live);
	rows_free(answer->rows);
	if (answer->text)
		text_free(answer->text);
	json_decref(answer->body);
	answer->live = NULL;
	answer->rows = NULL;
	answer->text = NULL;
	answer->body = NULL;
}

static enum MHD_Result send_answer(struct request *request)
{
	struct routes_answer *answer = &request->answer;
	struct MHD_Connection *connection = request->connection;
	const struct respond_header header = {answer->header, answer->header_value};
	struct rows_answer *rows = answer->rows;
	struct buffer *text = answer->text;
	json_t *body = answer->body;
	struct hash_key key = request->server->options.context->etag_key;
	bool known = !(request->route->flags & ROUTE_CHANGES) && !answer->header;
	if (answer->live) {
		struct live_reader *live = answer->live;
		answer->live = NULL;
		return live_respond(live, connection);
	}
	if (answer->http < 400 && rows) {
		answer->rows = NULL;
		return respond_text(connection, key, answer->type, rows->text.data, rows->text.length,
		                    rows_free, rows);
	}
	if (answer->http < 400 && text) {
		answer->text = NULL;
		return respond_text(connection, key, answer->type, text->data, text->length, text_free,
		                    text);
	}
	answer->body = NULL;
	if (answer->http < 400 && body)
		return known ? respond_known_json(connection, key, body)
		             : respond_json(connection, body, &header);
	if (answer->http < 400) {
		answer->http = 500;
		snprintf(answer->error, sizeof answer->error, "The daemon has no answer to this.");
	}
	return respond_problem(connection, answer->http, answer->error, body, &header);
}

static enum MHD_Result send_refusal(const struct request *request)
{
	struct respond_header header = {request->allow ? MHD_HTTP_HEADER_ALLOW : NULL, request->allow};
	if (request->refused == 401)
		header = (struct respond_header){MHD_HTTP_HEADER_WWW_AUTHENTICATE,
		                                 "Bearer realm=\"portafilter\""};
	return respond_problem(request->connection, request->refused, request->error, NULL, &header);
}

/* ---- from a request to its route --------------------------------------------------------- */

static enum MHD_Result add_param(void *data, enum MHD_ValueKind kind, const char *name,
                                 size_t name_length, const char *value, size_t value_length)
{
	(void)kind;
	struct request *request = data;
	struct params *params = &request->params;
	if (strlen(name) != name_length || (value && strlen(value) != value_length))
		request->holds_nul = true;
	else if (params->count == PARAM_MAX)
		params->too_many = true;
	else
		params->list[params->count++] = (struct param){name, value ? value : ""};
	return MHD_YES;
}

/* The parameters of the query string and of the body. 0, or the status of a refusal. */
static int gather(struct request *request)
{
	MHD_get_connection_values_n(request->connection, MHD_GET_ARGUMENT_KIND, add_param, request);
	if (request->holds_nul) {
		snprintf(request->error, sizeof request->error, "A parameter holds a NUL byte.");
		return 400;
	}
	request->params.body = request->body.bytes.data;
	request->params.body_length = request->body.bytes.length;
	if (request->body.bytes.failed) {
		snprintf(request->error, sizeof request->error, "The daemon has no memory for the body.");
		return 503;
	}
	if (!(request->route->flags & ROUTE_OWN_BODY) &&
	    body_params(&request->body, &request->params, request->error) != PF_OK)
		return 400;
	return params_check(&request->params, request->route->params, request->error) == PF_OK ? 0
	                                                                                       : 400;
}

static void run(void *data)
{
	struct request *request = data;
	request->route->handle(request->server->options.context, &request->params, &request->answer);
	request->phase = DONE;
	MHD_resume_connection(request->connection); /* from here on it is the server's again */
}

static enum MHD_Result start_route(struct request *request)
{
	request->refused = gather(request);
	if (request->refused)
		return send_refusal(request);
	request->answer = (struct routes_answer){.http = 200, .caller = &request->caller};
	if (request->server->options.local) {
		request->route->handle(request->server->options.context, &request->params,
		                       &request->answer);
		return send_answer(request);
	}
	request->phase = RUNNING;
	MHD_suspend_connection(request->connection);
	if (jobs_put(request->server->options.jobs, run, request))
		return MHD_YES;
	request->answer.http = 503;
	snprintf(request->answer.error, sizeof request->answer.error,
	         "The daemon is busy with other requests: ask again in a moment.");
	request->phase = DONE;
	MHD_resume_connection(request->connection);
	return MHD_YES;
}

static int refuse_method(struct request *request, const char *path, const char *method,
                         const char *allow)
{
	request->allow = allow;
	snprintf(request->error, sizeof request->error, "%.100s takes %s, not %.20s.", path, allow,
	         method);
	return 405;
}

/* What the headers say: 0, or the status of a refusal with a sentence. */
static int look(struct request *request, const char *path, const char *method)
{
	const struct server_options *options = &request->server->options;
	bool reads = !strcmp(method, MHD_HTTP_METHOD_GET) || !strcmp(method, MHD_HTTP_METHOD_HEAD);
	int refused = 0;
	request->route = request->odd_path ? NULL : route_find(path);
	if (!options->local) {
		bool changes = request->route && (request->route->flags & ROUTE_CHANGES);
		refused = gate_check_origin(&options->gate, request->connection, changes, request->error);
		gate_identify(&options->gate, request->connection, &request->caller);
		request->asset = request->odd_path || request->route ? NULL : asset_find(path);
	}
	request->caller.accept =
		MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT);
	request->caller.last_event =
		MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, "Last-Event-ID");
	if (refused)
		return refused;
	if (request->asset)
		return reads ? 0 : refuse_method(request, path, method, "GET, HEAD");
	if (!request->route) {
		snprintf(request->error, sizeof request->error,
		         "There is nothing at %.200s; the API is under /api/v1/, and /metrics.", path);
		return 404;
	}
	if ((request->route->flags & ROUTE_CHANGES) ? strcmp(method, MHD_HTTP_METHOD_POST) != 0
	                                            : !reads)
		return refuse_method(request, path, method,
		                     (request->route->flags & ROUTE_CHANGES) ? "POST" : "GET, HEAD");
	if (options->local)
		return 0;
	return gate_check_role(&options->gate, request->route, &request->caller, request->connection,
	                       request->error);
}

/* ---- libmicrohttpd's calls --------------------------------------------------------------- */

/* The first call of a request, with its target as it came. */
static void *on_target(void *data, const char *target, struct MHD_Connection *connection)
{
	struct request *request = calloc(1, sizeof *request);
	if (!request)
		return NULL;
	request->server = data;
	request->connection = connection;
	request->caller = (struct caller){.local = true, .role = ACCESS_ADMIN};
	request->odd_path = memchr(target, '%', strcspn(target, "?")) != NULL;
	return request;
}

static int refuse_body(struct request *request)
{
	snprintf(request->error, sizeof request->error, "The body is larger than %u KiB.",
	         ADMIN_BODY_BYTES_MAX >> 10);
	return 413;
}

static bool announces_too_much(struct MHD_Connection *connection)
{
	const char *length =
		MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
	return length && strtoull(length, NULL, 10) > ADMIN_BODY_BYTES_MAX;
}

static enum MHD_Result take_body(struct request *request, const char *bytes, size_t length)
{
	request->body_bytes += length;
	if (request->body_bytes > BODY_READ_BYTES_MAX)
		return MHD_NO;
	if (!request->refused && request->body_bytes > ADMIN_BODY_BYTES_MAX)
		request->refused = refuse_body(request);
	if (!request->refused && request->route && (request->route->flags & ROUTE_CHANGES))
		body_append(&request->body, bytes, length);
	return MHD_YES;
}

static enum MHD_Result on_request(void *data, struct MHD_Connection *connection, const char *path,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_bytes, void **memory)
{
	(void)data;
	(void)version;
	struct request *request = *memory;
	if (!request)
		return MHD_NO; /* no memory */
	if (request->phase == NEW) {
		request->phase = READING;
		request->refused = look(request, path, method);
		if (!announces_too_much(connection))
			return MHD_YES;
		request->refused = refuse_body(request);
		return send_refusal(request);
	}
	if (request->phase == DONE)
		return send_answer(request);
	if (*upload_bytes) {
		size_t length = *upload_bytes;
		*upload_bytes = 0;
		return take_body(request, upload, length);
	}
	if (request->refused)
		return send_refusal(request);
	return request->asset ? asset_respond(connection, request->asset) : start_route(request);
}

static void on_completed(void *data, struct MHD_Connection *connection, void **memory,
                         enum MHD_RequestTerminationCode code)
{
	(void)data;
	(void)connection;
	(void)code;
	struct request *request = *memory;
	*memory = NULL;
	if (!request)
		return;
	answer_deinit(&request->answer);
	body_deinit(&request->body);
	free(request);
}

/* ---- life -------------------------------------------------------------------------------- */

/* From here on the descriptor is libmicrohttpd's, also when it fails. */
static struct MHD_Daemon *start_http(struct server *server, int fd, const char *certificate,
                                     const char *key)
{
	const struct server_options *options = &server->options;
	unsigned flags = options->local
	                     ? MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION |
	                           MHD_USE_POLL | MHD_USE_ITC
	                     : MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC | MHD_ALLOW_SUSPEND_RESUME |
	                           (certificate ? MHD_USE_TLS : 0);
	struct MHD_OptionItem items[] = {
		{MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)certificate},
		{MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)key},
		{MHD_OPTION_END, 0, NULL},
	};
	return MHD_start_daemon(flags, 0, NULL, NULL, on_request, server, MHD_OPTION_LISTEN_SOCKET, fd,
	                        MHD_OPTION_CONNECTION_LIMIT, options->connections_max,
	                        MHD_OPTION_PER_IP_CONNECTION_LIMIT, options->connections_of_one_max,
	                        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)CONNECTION_TIMEOUT_S,
	                        MHD_OPTION_CONNECTION_MEMORY_LIMIT,
	                        (size_t)(options->local ? LOCAL_MEMORY_BYTES : WEB_MEMORY_BYTES),
	                        MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_URI_LOG_CALLBACK, on_target,
	                        server, MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL,
	                        MHD_OPTION_ARRAY, certificate ? items : items + 2, MHD_OPTION_END);
}

struct server *server_start(const struct server_options *options)
{
	struct server *server = calloc(1, sizeof *server);
	if (!server)
		return NULL;
	server->quiet = -1;
	server->options = *options;
	server->http = start_http(server, options->fd, options->certificate, options->key);
	if (server->http)
		return server;
	free(server);
	return NULL;
}

/* Those of an earlier certificate whose last connection has ended. */
static void sweep_retired(struct server *server)
{
	size_t kept = 0;
	for (size_t i = 0; i < server->retired_count; i++) {
		const union MHD_DaemonInfo *info =
			MHD_get_daemon_info(server->retired[i], MHD_DAEMON_INFO_CURRENT_CONNECTIONS);
		if (info && !info->num_connections)
			MHD_stop_daemon(server->retired[i]);
		else
			server->retired[kept++] = server->retired[i];
	}
	server->retired_count = kept;
}

int server_renew(struct server *server, const char *certificate, const char *key)
{
	sweep_retired(server);
	if (server->retired_count == RETIRED_MAX)
		return PF_EFULL;
	int fd = fcntl(server->options.fd, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return PF_EIO;
	struct MHD_Daemon *renewed = start_http(server, fd, certificate, key);
	if (!renewed)
		return PF_EINVAL;
	/* Both listen to one socket until here: nobody is turned away. */
	(void)MHD_quiesce_daemon(server->http);
	close(server->options.fd);
	server->retired[server->retired_count++] = server->http;
	server->http = renewed;
	server->options.fd = fd;
	return PF_OK;
}

void server_quiesce(struct server *server)
{
	server->quiet = MHD_quiesce_daemon(server->http);
}

void server_stop(struct server **server)
{
	struct server *old = *server;
	*server = NULL;
	if (!old)
		return;
	MHD_stop_daemon(old->http);
	for (size_t i = 0; i < old->retired_count; i++)
		MHD_stop_daemon(old->retired[i]);
	if (old->quiet >= 0)
		close(old->quiet); /* whoever was not let in yet is told so by that */
	free(old);
}
