/* The HTTP side of the admin: libmicrohttpd on the control socket, from a request to its route. A connection has a
 * thread of its own, which may block; DNS does not know about any of them. */
#include "admin/admin.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/respond.h"
#include "admin/routes.h"
#include "admin/socket.h"

#define CONNECTIONS_MAX 64 /* people and scripts of one machine; each has a thread */
#define CONNECTION_TIMEOUT_S 30
#define CONNECTION_MEMORY_BYTES (64 << 10) /* request line and headers */
#define BODY_READ_BYTES_MAX \
	(1 << 20) /* read and forgotten, so that the 413 arrives; then we hang up */

#define ROWS_ANSWER_BYTES_MAX (128u << 20) /* some 350,000 rows of the journal */
#define ROWS_HELD_BYTES_MAX (256u << 20)   /* what DNS can spare on a machine of 1 GiB */

struct admin {
	struct MHD_Daemon *server;
	struct socket_place place;
	char *journal_path; /* NULL: no journal is kept */
	struct routes_context context;
};

/* What is kept of a request between libmicrohttpd's calls. */
struct request {
	bool started;
	bool odd_path;     /* with an escape, which no path of ours needs */
	size_t body_bytes; /* that came; the first ADMIN_BODY_BYTES_MAX are kept */
	struct buffer body;
};

/* ---- from a request to its route --------------------------------------------------------- */

/* The parameters of a request, as libmicrohttpd hands them out. */
struct gathered {
	struct params params;
	bool holds_nul;
};

static enum MHD_Result add_param(void *data, enum MHD_ValueKind kind, const char *name,
                                 size_t name_length, const char *value, size_t value_length)
{
	(void)kind;
	struct gathered *gathered = data;
	struct params *params = &gathered->params;
	if (strlen(name) != name_length || (value && strlen(value) != value_length))
		gathered->holds_nul = true;
	else if (params->count == PARAM_MAX)
		params->too_many = true;
	else
		params->list[params->count++] = (struct param){name, value ? value : ""};
	return MHD_YES;
}

static void text_free(void *data)
{
	buffer_deinit(data);
	free(data);
}

static enum MHD_Result send_answer(struct MHD_Connection *connection, struct routes_answer *answer)
{
	struct rows_answer *rows = answer->rows;
	if (answer->http < 400 && rows)
		return respond_text(connection, NULL, rows->text.data, rows->text.length, rows_free, rows);
	rows_free(rows);
	if (answer->http < 400 && answer->text)
		return respond_text(connection, answer->type, answer->text->data, answer->text->length,
		                    text_free, answer->text);
	if (answer->http < 400 && answer->body)
		return respond_json(connection, answer->body);
	if (answer->http < 400) {
		answer->http = 500;
		snprintf(answer->error, sizeof answer->error, "The daemon has no answer to this.");
	}
	return respond_problem(connection, answer->http, answer->error, answer->body, NULL);
}

static enum MHD_Result handle(struct admin *admin, struct MHD_Connection *connection,
                              const struct request *request, const char *path, const char *method)
{
	char error[RESPOND_ERROR_MAX];
	const struct route *route = request->odd_path ? NULL : route_find(path);
	if (!route) {
		snprintf(error, sizeof error,
		         "There is nothing at %.200s; the API is under /api/v1/, and /metrics.", path);
		return respond_problem(connection, 404, error, NULL, NULL);
	}
	bool reads = !strcmp(method, MHD_HTTP_METHOD_GET) || !strcmp(method, MHD_HTTP_METHOD_HEAD);
	if (route->changes ? strcmp(method, MHD_HTTP_METHOD_POST) != 0 : !reads) {
		const char *allow = route->changes ? "POST" : "GET, HEAD";
		snprintf(error, sizeof error, "%s takes %s, not %.20s.", route->path, allow, method);
		return respond_problem(connection, 405, error, NULL, allow);
	}
	struct gathered gathered = {0};
	MHD_get_connection_values_n(connection, MHD_GET_ARGUMENT_KIND, add_param, &gathered);
	if (gathered.holds_nul)
		return respond_problem(connection, 400, "A parameter holds a NUL byte.", NULL, NULL);
	if (params_check(&gathered.params, route->params, error) != PF_OK)
		return respond_problem(connection, 400, error, NULL, NULL);
	gathered.params.body = request->body.data;
	gathered.params.body_length = request->body.length;
	if (request->body.failed)
		return respond_problem(connection, 503, "The daemon has no memory for the body.", NULL,
		                       NULL);
	struct routes_answer answer = {.http = 200};
	route->handle(&admin->context, &gathered.params, &answer);
	return send_answer(connection, &answer);
}

/* ---- libmicrohttpd's calls --------------------------------------------------------------- */

/* The first call of a request, with its target as it came. */
static void *on_target(void *data, const char *target, struct MHD_Connection *connection)
{
	(void)data;
	(void)connection;
	struct request *request = calloc(1, sizeof *request);
	if (!request)
		return NULL;
	buffer_init(&request->body, ADMIN_BODY_BYTES_MAX);
	request->odd_path = memchr(target, '%', strcspn(target, "?")) != NULL;
	return request;
}

static enum MHD_Result refuse_body(struct MHD_Connection *connection)
{
	return respond_problem(connection, 413, "The body is larger than 64 KiB.", NULL, NULL);
}

static bool announces_too_much(struct MHD_Connection *connection)
{
	const char *length =
		MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
	return length && strtoull(length, NULL, 10) > ADMIN_BODY_BYTES_MAX;
}

static enum MHD_Result on_request(void *data, struct MHD_Connection *connection, const char *path,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_bytes, void **memory)
{
	(void)version;
	struct request *request = *memory;
	if (!request)
		return MHD_NO; /* no memory */
	if (!request->started) {
		request->started = true;
		return announces_too_much(connection) ? refuse_body(connection) : MHD_YES;
	}
	if (*upload_bytes) {
		/* What is too much is read and forgotten. */
		request->body_bytes += *upload_bytes;
		if (request->body_bytes <= ADMIN_BODY_BYTES_MAX)
			buffer_append(&request->body, upload, *upload_bytes);
		*upload_bytes = 0;
		return request->body_bytes <= BODY_READ_BYTES_MAX ? MHD_YES : MHD_NO;
	}
	if (request->body_bytes > ADMIN_BODY_BYTES_MAX)
		return refuse_body(connection);
	return handle(data, connection, request, path, method);
}

static void on_completed(void *data, struct MHD_Connection *connection, void **memory,
                         enum MHD_RequestTerminationCode code)
{
	(void)data;
	(void)connection;
	(void)code;
	struct request *request = *memory;
	if (request)
		buffer_deinit(&request->body);
	free(request);
	*memory = NULL;
}

/* ---- life -------------------------------------------------------------------------------- */

static void destroy(struct admin *admin)
{
	socket_remove(&admin->place);
	free(admin->journal_path);
	free(admin);
}

static int start_server(struct admin *admin, int fd, char error[500])
{
	unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION |
	                 MHD_USE_POLL | MHD_USE_ITC;
	/* From here on the descriptor is the server's, also when it fails. */
	admin->server =
		MHD_start_daemon(flags, 0, NULL, NULL, on_request, admin, MHD_OPTION_LISTEN_SOCKET, fd,
	                     MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
	                     MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)CONNECTION_TIMEOUT_S,
	                     MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY_BYTES,
	                     MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_URI_LOG_CALLBACK, on_target,
	                     NULL, MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_END);
	if (admin->server)
		return PF_OK;
	snprintf(error, 500, "The threads of the API on %s can not be started: %s.", admin->place.path,
	         strerror(errno));
	return PF_EIO;
}

int admin_start(const struct admin_options *options, struct admin **out, char error[500])
{
	int fd;
	*out = NULL;
	struct admin *admin = calloc(1, sizeof *admin);
	if (admin && options->journal_path)
		admin->journal_path = strdup(options->journal_path);
	if (!admin || (options->journal_path && !admin->journal_path)) {
		snprintf(error, 500, "There is no memory for the API.");
		free(admin);
		return PF_ENOMEM;
	}
	admin->context.journal_path = admin->journal_path;
	admin->context.ops = options->ops;
	admin->context.budget = (struct rows_budget){.answer_bytes_max = ROWS_ANSWER_BYTES_MAX,
	                                             .held_bytes_max = ROWS_HELD_BYTES_MAX};
	int result = socket_open(options->socket_path, CONNECTIONS_MAX, &fd, &admin->place, error);
	if (result == PF_OK)
		result = start_server(admin, fd, error);
	if (result != PF_OK) {
		destroy(admin);
		return result;
	}
	*out = admin;
	return PF_OK;
}

void admin_stop(struct admin **admin)
{
	struct admin *old = *admin;
	if (!old)
		return;
	*admin = NULL;
	socket_remove(&old->place); /* nobody new finds it; calls that are under way are waited for */
	MHD_stop_daemon(old->server);
	destroy(old);
}
